import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { workloadSchema } from '../../src/workload/workload-schema.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';

/** UPDATE_GOLDEN=1 writes it again. */
test("docs/reference/workload.schema.json, for editors, equals the reader's schema", () => {
  const schema = z.toJSONSchema(workloadSchema, {
    io: 'input',
    // JSON cannot represent the missing distribution of a file.
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const { properties, required } = jsonSchema;
      if (properties?.file !== undefined && properties.distribution !== undefined) {
        delete properties.distribution;
        jsonSchema.required = required?.filter((name) => name !== 'distribution') ?? [];
      }
    },
  });
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  const file = path.join(packageRoot, 'docs', 'reference', 'workload.schema.json');
  if (process.env.UPDATE_GOLDEN === '1') {
    writeFileSync(file, text);
  }
  expect(readFileSync(file, 'utf8')).toBe(text);
});
