/** What tests need stays out of what runs. */
export const testKitInTestsOnly = {
  meta: { type: 'problem', messages: { testKit: 'Only tests may import the test-kit.' }, schema: [] },
  create(context) {
    if (/(\.(int-|e2e-)?spec\.ts|-in-tests\.ts|\/fixtures\/|libs\/test-kit\/|\/e2e\/)/.test(context.filename)) return {};
    return {
      ImportDeclaration(node) {
        if (node.source.value === '@carespine/test-kit') context.report({ node, messageId: 'testKit' });
      },
    };
  },
};
