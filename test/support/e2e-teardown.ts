import { takeDownTestLab, testLabName } from './test-lab.ts';

export default async function tearDown(): Promise<void> {
  await takeDownTestLab(testLabName);
}
