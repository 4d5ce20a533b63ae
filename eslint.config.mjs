import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import carespine from './libs/workspace/src/lint/index.mjs';

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/generated/**', '.carespine/**', '.nx/**', '**/public/**', '**/assets/**', 'libs/workspace/src/**/files/**'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic],
    plugins: { '@nx': nx, carespine },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // the direction of dependencies: see ARCHITECTURE.md
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: ['^.*/deploy/local/[a-z0-9-]+[.]mjs$'], // the launcher's own programs, which belong to no project
          depConstraints: [
            { sourceTag: 'layer:language', onlyDependOnLibsWithTags: ['layer:language'], bannedExternalImports: ['@nestjs/*', 'typeorm', 'kafkajs'] },
            { sourceTag: 'layer:platform', onlyDependOnLibsWithTags: ['layer:language', 'layer:platform'] },
            { sourceTag: 'layer:assembly', onlyDependOnLibsWithTags: ['layer:language', 'layer:platform'] },
            { sourceTag: 'layer:service', onlyDependOnLibsWithTags: ['layer:language', 'layer:platform', 'layer:assembly', 'layer:test'] },
            { sourceTag: 'layer:test', onlyDependOnLibsWithTags: ['*'] },
            { sourceTag: 'layer:journeys', onlyDependOnLibsWithTags: ['*'] },
          ],
        },
      ],
      'carespine/route-declares-access': 'error',
      'carespine/environment-through-config': 'error',
      'carespine/test-kit-in-tests-only': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/no-extraneous-class': 'off', // Nest modules
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.mjs', '**/*.js'],
    ignores: ['libs/events/src/kafka-*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [{ name: 'kafkajs', message: 'The files kafka-* of libs/events alone know the broker client: append and subscribe through EventLog.' }] }] },
  },
  { files: ['**/*.mjs', '**/*.js'], extends: [tseslint.configs.base] },
  { files: ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.kafka-spec.ts', 'e2e/**'], rules: { 'no-console': 'off', 'carespine/route-declares-access': 'off', 'carespine/environment-through-config': 'off', '@typescript-eslint/no-empty-function': 'off' } },
);
