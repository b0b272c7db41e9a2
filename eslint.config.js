import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  // AssemblyScript looks like TypeScript, and is checked by its compiler.
  { ignores: ['dist/', 'build/', 'test/fixtures/', 'src/formats/deflate/assembly/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      // A new member of a union (a codec, an inode type) must be handled everywhere; a `default` handles all others.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'no-console': 'error',
      // TypeScript checks names, in .js files too (checkJs).
      'no-undef': 'off',
      curly: ['error', 'all'],
      eqeqeq: 'error',
    },
  },
  { files: ['bin/**'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'The environment is injected: use context.env.' },
        {
          object: 'process',
          property: 'exit',
          message: 'process.exit() truncates pipes: return an exit code.',
        },
      ],
    },
  },
);
