import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const nodeGlobals = [
  'process',
  'console',
  'Buffer',
  'URL',
  'performance',
  'setTimeout',
  'clearTimeout',
  'AbortSignal',
  'fetch',
];
const commonJs = ['require', 'module', '__dirname'];
const readonly = (names) => Object.fromEntries(names.map((name) => [name, 'readonly']));

export default defineConfig(
  globalIgnores(['**/dist/', '.cache/', 'runs/']),
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: { '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }] },
  },
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: readonly(nodeGlobals) } },
  { files: ['**/*.cjs'], languageOptions: { globals: readonly([...nodeGlobals, ...commonJs]) } },
  prettier,
);
