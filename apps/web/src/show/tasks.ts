/** GLUE's tasks as papers write them; other tasks have the names that their specs give. */
const NAMES: Record<string, string> = {
  cola: 'CoLA',
  sst2: 'SST-2',
  mrpc: 'MRPC',
  qqp: 'QQP',
  stsb: 'STS-B',
  mnli: 'MNLI',
  qnli: 'QNLI',
  rte: 'RTE',
  wnli: 'WNLI',
};

export const taskName = (task: string): string => NAMES[task] ?? task;
