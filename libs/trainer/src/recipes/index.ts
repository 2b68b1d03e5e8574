import type { PretrainSpec } from '@orestes/contracts';
import { decoupledOptim } from './decoupled-optim.js';
import { electra } from './electra.js';
import type { Recipe } from './recipe.js';
import { roberta } from './roberta.js';

export const recipes = {
  'decoupled-optim': decoupledOptim,
  electra,
  roberta,
} satisfies Record<PretrainSpec['recipe'], Recipe>;
