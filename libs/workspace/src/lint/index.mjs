/** Lint rules that keep the house. */
import { environmentThroughConfig } from './environment-through-config.mjs';
import { routeDeclaresAccess } from './route-declares-access.mjs';
import { testKitInTestsOnly } from './test-kit-in-tests-only.mjs';

export default {
  rules: {
    'route-declares-access': routeDeclaresAccess,
    'environment-through-config': environmentThroughConfig,
    'test-kit-in-tests-only': testKitInTestsOnly,
  },
};
