export { tinyTokenizer, writeSynthetic, type SyntheticOptions } from './synthetic.js';
