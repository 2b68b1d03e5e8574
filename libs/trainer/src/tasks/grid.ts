import type { FinetuneSpec } from '@orestes/contracts';

/** The fine-tuning search of Dong et al. 2023, Table 3: 360 points a task. Length 256 and dropout 0.1 throughout. */
export const FINETUNE_GRID = {
  maxLength: 256,
  dropout: 0.1,
  peakLearningRate: [5e-5, 1e-4, 3e-4],
  epochs: [2, 3, 5, 10, 20],
  batchSize: { base: [16, 32, 64, 128], large: [8, 16, 32, 64] },
  weightDecay: [0, 0.01],
  warmupProportion: [0.06, 0.1, 0.3],
} as const;

/** What a point of the grid sets in a fine-tuning spec. */
export type GridPoint = Pick<FinetuneSpec, 'optimizer' | 'schedule' | 'dropout'>;

/** All points, the learning rate changing slowest. */
export function finetuneGrid(size: keyof typeof FINETUNE_GRID.batchSize): GridPoint[] {
  const { maxLength, dropout, ...axes } = FINETUNE_GRID;
  return axes.peakLearningRate.flatMap((peakLearningRate) =>
    axes.epochs.flatMap((epochs) =>
      axes.batchSize[size].flatMap((batchSize) =>
        axes.weightDecay.flatMap((weightDecay) =>
          axes.warmupProportion.map((warmupProportion) => ({
            optimizer: { peakLearningRate, weightDecay },
            schedule: { epochs, batchSize, maxLength, warmupProportion },
            dropout,
          })),
        ),
      ),
    ),
  );
}
