import { bringUpTestLab } from './test-lab.ts';

/** jest's globalSetup of the e2e project: one lab for all of its tests. */
export default async function setUp(): Promise<void> {
  await bringUpTestLab('e2e');
}
