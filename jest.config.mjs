/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['node', 'node-addons', 'development'] },
  transform: { '\\.([cm]?[jt]s)$': '<rootDir>/tools/jest-transform.cjs' },
  transformIgnorePatterns: [],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'],
    // The build for Node awaits at top level, which CommonJS cannot; SVG needs no canvas.
    '^vega-canvas$': '<rootDir>/node_modules/vega-canvas/build/vega-canvas.browser.js',
  },
  testMatch: ['<rootDir>/{libs,apps,k8s}/*/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/(libs|apps|k8s)/[^/]+/dist/', '<rootDir>/test/dist/', '<rootDir>/.cache/'],
  reporters: ['default', '<rootDir>/tools/jest-summary.cjs'],
  maxWorkers: 2,
  testTimeout: 60_000,
};
