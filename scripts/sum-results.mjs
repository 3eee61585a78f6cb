// sum-results.mjs DIRECTORY PASSED FAILED: adds vitest's JSON results in a directory to the counts of other checks, prints
// each failed test with its first lines, then the sum as one line, and exits with 1 when anything failed.
import { readdirSync, readFileSync } from 'node:fs';

// Failures stand at the end of a log of thousands of lines, where a cut log still shows them.
const LINES_SHOWN = 12;

function printFailures(suite) {
  if (suite.status !== 'failed') return;
  if (suite.message) process.stdout.write(`FAILED ${suite.name}\n${firstLines(suite.message)}\n`);
  for (const test of suite.assertionResults.filter(({ status }) => status === 'failed')) {
    process.stdout.write(`FAILED ${suite.name} > ${test.fullName}\n${firstLines(test.failureMessages.join('\n'))}\n`);
  }
}

function firstLines(text) {
  return text.split('\n').slice(0, LINES_SHOWN).join('\n');
}

const [directory, passedChecks, failedChecks] = process.argv.slice(2);
const sum = { passed: Number(passedChecks), failed: Number(failedChecks), skipped: 0 };
const files = readdirSync(directory).filter((file) => file.endsWith('.json'));
for (const file of files) {
  const results = JSON.parse(readFileSync(`${directory}/${file}`, 'utf8'));
  sum.passed += results.numPassedTests;
  sum.failed += results.numFailedTests;
  sum.skipped += results.numPendingTests + results.numTodoTests;
  for (const suite of results.testResults) printFailures(suite);
}
// No results at all means that the tests did not run, whatever the exit statuses said.
if (files.length === 0) sum.failed += 1;
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
process.exitCode = sum.failed === 0 ? 0 : 1;
