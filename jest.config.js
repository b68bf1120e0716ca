// Jest over what the build has made: ES modules, which nothing transforms. `npm test` builds first, then starts it with
// `--experimental-vm-modules`.

/** Folders of tests that start processes and kill them, and run for long. */
const crash = ['tests/crash', 'tests/soak', 'tests/modules/crash']
const browser = ['tests/browser']
/** With servers, databases and command lines. */
const integration = ['tests', 'storage/mongodb']

/** Tests below these folders of `dist`, and below none of the others. */
function project(displayName, folders, others = []) {
  const below = (folder) => `/dist/${folder}(/.*)?\\.test\\.js$`
  return {
    displayName,
    rootDir: import.meta.dirname,
    roots: ['<rootDir>/dist'],
    testRegex: folders.map(below),
    testPathIgnorePatterns: others.map(below),
    transform: {},
    injectGlobals: false,
    testEnvironment: '<rootDir>/dist/tests/jest/environment.js',
    setupFilesAfterEnv: ['<rootDir>/dist/tests/jest/setup.js'],
  }
}

export default {
  rootDir: import.meta.dirname,
  cacheDirectory: '<rootDir>/.cache/jest',
  watchman: false,
  // Half of the machines that run the tests have two cores, and each file may start servers of its own.
  maxWorkers: 2,
  // Each file of tests evaluates its modules anew, and what V8 keeps of them is freed with the process alone.
  workerIdleMemoryLimit: '800MB',
  testTimeout: 120_000,
  testSequencer: '<rootDir>/scripts/jest-sequencer.js',
  reporters: ['default', '<rootDir>/dist/tests/jest/reporter.js'],
  projects: [
    project('unit', ['.*'], [...integration, ...browser, ...crash]),
    project('integration', integration, [...browser, ...crash]),
    project('browser', browser),
    project('crash', crash),
  ],
}
