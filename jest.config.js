/** @type {import('jest').Config} */
const project = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
};

/** All end-to-end tests use one lab. */
const lab = {
  globalSetup: '<rootDir>/test/support/e2e-setup.ts',
  globalTeardown: '<rootDir>/test/support/e2e-teardown.ts',
};

/** @type {import('jest').Config} */
export default {
  // Every test has a deadline; end-to-end files raise it where the work is long.
  testTimeout: 30_000,
  openHandlesTimeout: 0,
  reporters: ['default', '<rootDir>/test/support/count-reporter.js'],
  projects: [
    { ...project, displayName: 'static', testMatch: ['<rootDir>/test/static/**/*.test.ts'] },
    {
      ...project,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '<rootDir>/test/static/',
        '<rootDir>/test/e2e/',
        '<rootDir>/test/faults/',
        '<rootDir>/test/fixtures/',
      ],
    },
    {
      ...project,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
      ...lab,
    },
    {
      ...project,
      displayName: 'faults',
      testMatch: ['<rootDir>/test/faults/**/*.test.ts'],
      ...lab,
    },
  ],
};
