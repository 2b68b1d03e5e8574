import { UserError } from '@orestes/contracts';
import { learnMerges, type Merges } from './merges.js';
import { TRAINED_SPECIAL } from './special.js';
import { BYTE_CHARACTERS, type WordCounter } from './words.js';

/**
 * Learns a byte-level BPE vocabulary: special tokens, the 256 bytes, then merges. The same text gives the same bytes, in
 * whatever order it is read. Every text can be encoded, and decodes to itself (less one leading space).
 * @param vocabularySize tokens at most; fewer where the text has not so many pairs that occur twice
 * @returns a Hugging Face tokenizer.json
 * @throws UserError TOKENIZER_NO_TEXT when nothing was counted
 */
export function trainTokenizer(words: WordCounter, vocabularySize: number): Uint8Array {
  if (words.size === 0) throw new UserError('TOKENIZER_NO_TEXT', 'there is no text to learn a vocabulary from');
  const merges = learnMerges(words, BYTE_CHARACTERS, vocabularySize - TRAINED_SPECIAL.length);
  return Buffer.from(JSON.stringify(tokenizerFile(merges), null, 1) + '\n');
}

function tokenizerFile({ spellings, pairs }: Merges) {
  const tokens = [...TRAINED_SPECIAL, ...spellings];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: TRAINED_SPECIAL.map((content, id) => ({ id, content, ...ADDED })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    post_processor: POST_PROCESSOR,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '[UNK]',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: pairs.map(([left, right]) => [spellings[left]!, spellings[right]!]),
    },
  };
}

const ADDED = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true } as const;

/** BERT's form: [CLS] A [SEP], or [CLS] A [SEP] B [SEP]. */
const POST_PROCESSOR = {
  type: 'TemplateProcessing',
  single: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)],
  pair: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0), sequence('B', 1), special('[SEP]', 1)],
  special_tokens: Object.fromEntries(
    TRAINED_SPECIAL.slice(2, 4).map((id, i) => [id, { id, ids: [i + 2], tokens: [id] }]),
  ),
};

function special(id: string, type_id: number) {
  return { SpecialToken: { id, type_id } };
}
function sequence(id: string, type_id: number) {
  return { Sequence: { id, type_id } };
}
