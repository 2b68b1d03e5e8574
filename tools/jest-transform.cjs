// Jest on Node 20 cannot require() ES modules, so every ES module (ours in TypeScript, and those of node_modules) is
// compiled to CommonJS by swc. CommonJS files pass through untouched: no list of packages has to be kept.
const fs = require('node:fs');
const path = require('node:path');
const { createTransformer } = require('@swc/jest');

const compiler = (language, sourceMaps) =>
  createTransformer({
    swcrc: false,
    jsc: { target: 'es2022', ...language },
    module: { type: 'commonjs' },
    sourceMaps,
  });
// Decorators as tsc compiles them where a tsconfig.json says so: NestJS and TypeORM read the types of what they decorate.
const decorated = { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false };
const typescript = compiler(
  { parser: { syntax: 'typescript', decorators: true }, transform: decorated, keepClassNames: true },
  'inline',
);
const esModule = compiler({ parser: { syntax: 'ecmascript' } }, false);

const packageTypes = new Map();
function isModulePackage(dir) {
  if (!packageTypes.has(dir)) packageTypes.set(dir, readPackageType(dir));
  return packageTypes.get(dir);
}
function readPackageType(dir) {
  const manifest = path.join(dir, 'package.json');
  if (fs.existsSync(manifest)) return JSON.parse(fs.readFileSync(manifest, 'utf8')).type === 'module';
  return path.dirname(dir) !== dir && isModulePackage(path.dirname(dir));
}

function compilerOf(file) {
  if (/\.[cm]?tsx?$/.test(file)) return typescript;
  if (file.endsWith('.mjs') || (file.endsWith('.js') && isModulePackage(path.dirname(file)))) return esModule;
  return undefined;
}

module.exports = {
  canInstrument: false,
  getCacheKey: (source, file, options) =>
    `${(compilerOf(file) ?? esModule).getCacheKey(source, file, options)}${compilerOf(file) ? 'c' : 'p'}`,
  process: (source, file, options) => compilerOf(file)?.process(source, file, options) ?? { code: source },
};
