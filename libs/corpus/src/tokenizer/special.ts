import { UserError, type SpecialTokens } from '@orestes/contracts';

type Role = keyof SpecialTokens;

/** What a special token may be called, BERT's way or RoBERTa's. */
const NAMES = {
  pad: ['[PAD]', '<pad>'],
  unk: ['[UNK]', '<unk>'],
  cls: ['[CLS]', '<s>'],
  sep: ['[SEP]', '</s>'],
  mask: ['[MASK]', '<mask>'],
} as const satisfies Record<Role, readonly string[]>;

/** Special tokens of a vocabulary that is trained here; a token's id is its place. */
export const TRAINED_SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/**
 * Ids of the special tokens. [UNK] may be missing: byte-level vocabularies need none.
 * @param idOf a token's id, or null
 * @param where names the tokenizer in messages
 * @throws UserError TOKENIZER_INVALID naming all that are missing and what they may be called
 */
export function findSpecialTokens(idOf: (token: string) => number | null, where: string): SpecialTokens {
  const find = (role: Role) => NAMES[role].map(idOf).find((id) => id !== null) ?? null;
  const found = { pad: find('pad'), unk: find('unk'), cls: find('cls'), sep: find('sep'), mask: find('mask') };
  const { pad, cls, sep, mask } = found;
  if (pad === null || cls === null || sep === null || mask === null) {
    const missing = (['pad', 'cls', 'sep', 'mask'] as const).filter((role) => found[role] === null);
    const names = missing.map((role) => NAMES[role].join(' or '));
    throw new UserError('TOKENIZER_INVALID', `${where}: has no ${names.join(', no ')} token; add it to its vocabulary`);
  }
  return { ...found, pad, cls, sep, mask };
}
