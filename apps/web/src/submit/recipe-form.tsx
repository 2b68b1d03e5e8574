import { listJobs } from '../api/jobs.js';
import { getRecipes, type RecipeSummary } from '../api/service.js';
import { usePolled } from '../hooks/use-polled.js';
import { Field, SelectField, TextField } from '../parts/field.js';
import { ratesOf, type FormValues } from './form-spec.js';

interface Props {
  values: FormValues;
  errors: Partial<Record<keyof FormValues, string[]>>;
  onChange: (values: FormValues) => void;
}

const RECIPES_OWN = "the recipe's";
const RATE_LABELS = {
  generatorRate: (
    <>
      <span class="role role-g">G</span> peak learning rate
    </>
  ),
  discriminatorRate: (
    <>
      <span class="role role-d">D</span> peak learning rate
    </>
  ),
  jointRate: 'Peak learning rate',
};

/** Pretraining from a recipe; what is left empty is the recipe's. */
export function RecipeForm({ values, errors, onChange }: Props) {
  const recipes = useRecipes(values);
  const corpora = useCorpora();
  const recipe = recipes.find(({ name }) => name === values.recipe);
  const tied = (field: keyof FormValues) => ({
    value: values[field],
    errors: errors[field] ?? [],
    onValue: (value: string) => onChange({ ...values, [field]: value }),
  });
  const number = (field: keyof FormValues) =>
    ({ ...tied(field), inputMode: 'decimal', placeholder: RECIPES_OWN }) as const;
  return (
    <div class="form-grid">
      <Field label="Name" hint="Lower-case letters, digits and dashes." {...tied('name')} />
      <Field label="Corpus" hint="An address, or job:ID of a corpus job." suggestions={corpora} {...tied('corpus')} />
      <SelectField
        label="Recipe"
        hint={recipe?.summary}
        options={recipes.map(({ name }) => ({ value: name, label: name }))}
        {...tied('recipe')}
      />
      <SelectField
        label="Size"
        options={(recipe?.sizes ?? [values.size]).map((size) => ({ value: size, label: size }))}
        {...tied('size')}
      />
      {ratesOf(values.recipe).map((field) => (
        <Field key={field} label={RATE_LABELS[field]} {...number(field)} />
      ))}
      <Field label="Max steps" {...number('maxSteps')} />
      <Field label="Warm-up steps" {...number('warmupSteps')} />
      <Field label="Batch size" hint="Sequences an update." {...number('batchSize')} />
      <Field label="Seed" {...number('seed')} placeholder="1" />
      <TextField label="Labels" hint="key=value, one a line." rows={2} {...tied('labels')} />
    </div>
  );
}

/** Before the API says which there are, the one that is chosen. */
function useRecipes({ recipe, size }: FormValues): RecipeSummary[] {
  const { value } = usePolled('recipes', getRecipes, () => null);
  return value?.items ?? [{ name: recipe, summary: '', sizes: [size] }];
}

function useCorpora(): { value: string; label: string }[] {
  const { value } = usePolled(
    'corpora',
    (signal) => listJobs({ kind: 'corpus', state: 'succeeded', limit: 50 }, signal),
    () => null,
  );
  return (value?.items ?? []).map(({ id, name }) => ({ value: `job:${id}`, label: name }));
}
