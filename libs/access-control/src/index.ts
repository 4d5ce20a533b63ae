export { AccessLog, type AccessFacts } from './access-log';
export { Access, anyPermissionOf, Caller, Public, Trail, type AccessRule, type RequestAccess, type RouteAccess, type RouteConfiguration } from './access-rule';
export { AccessTrail, type Opened } from './access-trail';
export { CONTEXT_HEADER, ContextMint, ContextVerifier } from './context-token';
export { PERMISSIONS, permissionsOfApplication, permissionsOfRole, SESSION_LIMITS, type Permission, type RoleFacts } from './policy';
export type { AccessMode, BrowserSession, Client, ClientAttributes, Organisation, Principal, StaffRole } from './principal';
