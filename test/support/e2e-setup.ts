import { buildTritonContext } from './triton-context.ts';
import { bringUpTestLab, testLabName } from './test-lab.ts';

/** Brings up one lab for all tests, with the build context of Triton's image: jest's globalSetup of the e2e project. */
export default async function setUp(): Promise<void> {
  await bringUpTestLab(testLabName, async () => [`${await buildTritonContext()}:/mnt/triton-cpu`]);
}
