const ROUTES = new Set(['Get', 'Post', 'Put', 'Patch', 'Delete', 'Head', 'Options']);
const DECLARATIONS = new Set(['Access', 'Public']);

const nameOf = (decorator) => decorator.expression.callee?.name ?? decorator.expression.name;

/** A controller method says who may call it; service-kit refuses to start otherwise, and this says so sooner. */
export const routeDeclaresAccess = {
  meta: {
    type: 'problem',
    messages: {
      missing: 'Declare the permission of this route with @Access({...}), or open it with @Public("why").',
      all: '@All loses what a route declares: name the methods, or make a raw route in configure().',
    },
    schema: [],
  },
  create: (context) => ({
    MethodDefinition(node) {
      const names = (node.decorators ?? []).map(nameOf);
      if (names.includes('All')) context.report({ node: node.key, messageId: 'all' });
      if (names.some((name) => ROUTES.has(name)) && !names.some((name) => DECLARATIONS.has(name))) {
        context.report({ node: node.key, messageId: 'missing' });
      }
    },
  }),
};
