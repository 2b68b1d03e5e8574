/** What the form holds: texts, as they were typed. Empty means that the recipe decides. */
export interface FormValues {
  name: string;
  recipe: string;
  size: string;
  corpus: string;
  maxSteps: string;
  warmupSteps: string;
  batchSize: string;
  generatorRate: string;
  discriminatorRate: string;
  jointRate: string;
  seed: string;
  /** key=value, one a line. */
  labels: string;
}

export const EMPTY_FORM: FormValues = {
  name: '',
  recipe: 'decoupled-optim',
  size: 'tiny',
  corpus: '',
  maxSteps: '',
  warmupSteps: '',
  batchSize: '',
  generatorRate: '',
  discriminatorRate: '',
  jointRate: '',
  seed: '',
  labels: '',
};

/** Where in the spec each field goes. */
export const POINTERS = {
  name: '/name',
  recipe: '/recipe',
  size: '/size',
  corpus: '/corpus',
  maxSteps: '/schedule/maxSteps',
  warmupSteps: '/schedule/warmupSteps',
  batchSize: '/schedule/batchSize',
  generatorRate: '/optimizers/generator/peakLearningRate',
  discriminatorRate: '/optimizers/discriminator/peakLearningRate',
  jointRate: '/optimizers/joint/peakLearningRate',
  seed: '/seed',
  labels: '/labels',
} satisfies Record<keyof FormValues, string>;

type RateField = 'generatorRate' | 'discriminatorRate' | 'jointRate';

const DECOUPLED: RateField[] = ['generatorRate', 'discriminatorRate'];
const JOINT: RateField[] = ['jointRate'];

/** Which learning rates a recipe has: one for each optimizer. */
const RATES: Record<string, RateField[]> = { electra: JOINT, roberta: JOINT };
export const ratesOf = (recipe: string): RateField[] => RATES[recipe] ?? DECOUPLED;

const NUMBERS: (keyof FormValues)[] = [
  'maxSteps',
  'warmupSteps',
  'batchSize',
  'generatorRate',
  'discriminatorRate',
  'jointRate',
  'seed',
];

/** The spec of a form. What is no number stays a text: the API says so beside its field. */
export function specOfForm(values: FormValues): Record<string, unknown> {
  const spec: Record<string, unknown> = { kind: 'pretrain' };
  const rates = ratesOf(values.recipe);
  for (const field of Object.keys(POINTERS) as (keyof FormValues)[]) {
    const text = values[field].trim();
    if (text === '' || (field.endsWith('Rate') && !rates.includes(field as RateField))) continue;
    const value = field === 'labels' ? labelsOf(text) : NUMBERS.includes(field) ? numberOf(text) : text;
    put(spec, POINTERS[field].slice(1).split('/'), value);
  }
  return spec;
}

function numberOf(text: string): number | string {
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? value : text;
}

function labelsOf(text: string): Record<string, string> {
  const lines = text.split(/[\n,]/).map((line) => line.trim());
  return Object.fromEntries(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const [key = '', ...value] = line.split('=');
        return [key.trim(), value.join('=').trim()];
      }),
  );
}

function put(into: Record<string, unknown>, [key = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) into[key] = value;
  else put((into[key] ??= {}) as Record<string, unknown>, rest, value);
}
