import { readCheckpoint, resolveCheckpoint, type TensorFile } from '@orestes/checkpoint';
import { documentHash, UserError, type CheckpointManifest, type EncoderConfig } from '@orestes/contracts';
import type { HostArrays } from '@orestes/engine';
import { encoderParameters } from '../model/parameters.js';
import { SHARED_WORD } from '../objectives/rtd.js';
import { tensorSpecs } from '../pretrain-step.js';
import { arraysOf } from '../run-checkpoints.js';

/** A pretrained encoder, as fine-tuning takes it. */
export interface BaseModel {
  /** Of the parameters' names: `discriminator` where there is one, else `encoder`. */
  prefix: string;
  config: EncoderConfig;
  vocabularySize: number;
  tokenizerJson: string;
  /** Digest of what is taken from the checkpoint. */
  identity: string;
  /** Of the pretraining. */
  recipeHash: string;
  /** The encoder's parameters; null where they are to be random. */
  values: HostArrays | null;
}

const MAIN_ENCODERS = ['discriminator', 'encoder'];

/**
 * Reads the main encoder of a checkpoint.
 * @param location of a checkpoint, or of a run that has saved one
 * @param weights `random`: the architecture and the tokenizer alone
 * @throws UserError CHECKPOINT_MISSING, CHECKPOINT_UNFIT; OrestesError CHECKPOINT_CORRUPT, CHECKPOINT_ARCHITECTURE
 */
export async function readBase(location: string, weights: 'pretrained' | 'random'): Promise<BaseModel> {
  const { store, key } = await resolveCheckpoint(location);
  const wanted = (name: string) => name === SHARED_WORD || MAIN_ENCODERS.includes(name.slice(0, name.indexOf('/')));
  const { manifest, tensors, tokenizerJson } = await readCheckpoint(store, key, {
    names: (name) => weights === 'pretrained' && wanted(name),
  });
  const prefix = mainEncoder(manifest, location);
  const { vocabularySize } = manifest;
  const config = manifest.encoders[prefix]!;
  const specs = tensorSpecs(encoderParameters(prefix, config, vocabularySize));
  const named = withOwnWord(tensors, `${prefix}/embeddings/word`);
  const values = weights === 'pretrained' ? arraysOf(named, specs, location) : null;
  const { tokenizer, parts, recipeHash } = manifest;
  const identity = documentHash({ config, tokenizer, vocabularySize, parts: values && parts });
  return { prefix, config, vocabularySize, tokenizerJson, identity, recipeHash, values };
}

function mainEncoder({ encoders }: CheckpointManifest, location: string): string {
  const found = MAIN_ENCODERS.find((name) => Object.hasOwn(encoders, name));
  if (found) return found;
  const held = Object.keys(encoders).join(', ') || 'none';
  throw new UserError(
    'CHECKPOINT_UNFIT',
    `${location}: holds the encoders ${held} (needed: ${MAIN_ENCODERS.join(' or ')})`,
  );
}

/** Where embeddings were shared, the encoder's word table is the shared one. */
function withOwnWord(tensors: TensorFile, word: string): TensorFile {
  const shared = tensors[SHARED_WORD];
  return shared && !tensors[word] ? { ...tensors, [word]: shared } : tensors;
}
