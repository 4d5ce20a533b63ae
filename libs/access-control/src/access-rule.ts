import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { Interaction } from '@carespine/contracts';
import type { Fault } from '@carespine/fhir';
import type { AccessTrail } from './access-trail';
import type { Permission } from './policy';
import type { Principal } from './principal';

/** What a route asks of its caller, and what its access records say. */
export interface AccessRule {
  /** One of several is enough. `signed-in` is enough for every user with a session. */
  permission: Permission | readonly Permission[] | 'signed-in';
  /** What is recorded. Absent only where a route composes calls that are recorded themselves, as the portal's pages do. */
  record?: {
    interaction: Interaction;
    /** FHIR type. */
    resource: string;
    /** In words, e.g. `Retrieve patient`. */
    name: string;
    /** Path parameter that holds the NHS number. */
    patient?: string;
  };
  /** The refusal that an API prescribes, where it is not the common one. */
  refuse?: (who: Principal) => Fault | undefined;
}

/** Any one of these opens the route. */
export const anyPermissionOf = ({ permission }: AccessRule): readonly Permission[] => (typeof permission === 'string' ? [permission] : permission);

export type RouteAccess = { rule: AccessRule } | { public: string };

/** Fastify's config of every route of the house. */
export interface RouteConfiguration {
  access?: RouteAccess;
}

/** Declares what a route needs; service-kit enforces it before the handler runs and records the access before the answer leaves. */
export const Access = (rule: AccessRule): MethodDecorator => route({ rule });

/** Opens a route to anybody. Say why: it is read in reviews. */
export const Public = (why: string): MethodDecorator => route({ public: why });

const route = (access: RouteAccess): MethodDecorator =>
  applyDecorators(SetMetadata('access', access), RouteConfig({ access } satisfies RouteConfiguration));

/** What service-kit puts on every request. */
export interface RequestAccess {
  who?: Principal;
  trail?: AccessTrail;
}

/** The verified caller. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext) => requestOf(context).who);

/** Where a handler says whose data it opened. */
export const Trail = createParamDecorator((_: unknown, context: ExecutionContext) => requestOf(context).trail);

function requestOf(context: ExecutionContext): RequestAccess {
  return context.switchToHttp().getRequest<{ access: RequestAccess }>().access;
}
