import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Everything that is not a public unicast address of IPv4.
 *
 * @see IANA IPv4 Special-Purpose Address Registry (RFC 6890); RFC 6598 (shared address space); RFC 5771 (multicast)
 */
const SPECIAL_IPV4: readonly [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Of the only global unicast space that is handed out: what is not somebody's host, or wraps an IPv4 address. */
const SPECIAL_IPV6: readonly [network: string, prefix: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [network, prefix] of SPECIAL_IPV4) special.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of SPECIAL_IPV6) special.addSubnet(network, prefix, 'ipv6');

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether an address, as a resolver gives it, is a host on the public internet. IPv6 is allowed by what is handed out, 2000::/3, so that
 * mapped (::ffff:0:0/96), translated (64:ff9b::/96), unique local, link-local, scoped and multicast addresses fail with all that is yet to come.
 *
 * @see IANA IPv6 Special-Purpose Address Registry
 */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  return isPlainIPv6(address) && globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

export function isLoopback(address: string): boolean {
  return isIPv4(address) ? loopback.check(address, 'ipv4') : isPlainIPv6(address) && loopback.check(address, 'ipv6');
}

/** Without a zone (`fe80::1%eth0`), which is never somebody else's host. */
const isPlainIPv6 = (address: string): boolean => isIP(address) === 6 && !address.includes('%');
