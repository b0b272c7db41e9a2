import { buildTritonContext } from './triton-context.ts';
import { bringUpTestLab, testLabName } from './test-lab.ts';

/** jest's globalSetup of the e2e project: one lab for all of its tests, with what Triton's image is built from. */
export default async function setUp(): Promise<void> {
  await bringUpTestLab(testLabName, async () => [`${await buildTritonContext()}:/mnt/triton-cpu`]);
}
