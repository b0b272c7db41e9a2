import { takeDownTestLab } from './test-lab.ts';

export default async function tearDown(): Promise<void> {
  await takeDownTestLab('e2e');
}
