export { checkFormat, readDocuments, type Passage } from './documents.js';
export { locate, TextSource, type Located } from './source.js';
