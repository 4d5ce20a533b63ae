/** Settings are read once, by the config classes; telemetry alone starts before them. */
export const environmentThroughConfig = {
  meta: { type: 'problem', messages: { env: 'Read settings through the service’s config class.' }, schema: [] },
  create(context) {
    if (/libs\/(service-kit\/src\/(telemetry|run-service)\.ts$|test-kit\/)|(population|command|bulk)\/main\.ts$|\/fixtures\/|\/deploy\//.test(context.filename)) return {};
    return {
      MemberExpression(node) {
        if (node.object.name === 'process' && node.property.name === 'env') context.report({ node, messageId: 'env' });
      },
    };
  },
};
