// What a native client may do to which groups: by the roles of its token, and by what the REST
// interface grants later.

export const PERMISSIONS = ['sendToGroup', 'joinLeaveGroup'];

const MAX_STARS = 5; // in one pattern, those of ** counted each

const ROLE = /^webpubsub\.(sendToGroup|joinLeaveGroup)(s)?(?:\.(.+))?$/;

export class Permissions {
  #grants = { sendToGroup: [], joinLeaveGroup: [] }; // each {group?, test}

  /** @param {string[]} roles e.g. webpubsub.sendToGroup, webpubsub.joinLeaveGroup.<group> */
  constructor(roles = []) {
    for (const role of roles) this.addRole(role);
  }

  /** Roles that do not concern groups are ignored. */
  addRole(role) {
    const match = ROLE.exec(role);
    if (!match) return;
    const [, permission, plural, name] = match;
    if (plural) {
      const test = name && matcher(name);
      if (test) this.#grants[permission].push({ pattern: name, test });
    } else {
      this.grant(permission, name);
    }
  }

  /** Without a group: for all groups. */
  grant(permission, group) {
    const test = group === undefined ? () => true : (name) => name === group;
    this.revoke(permission, group);
    this.#grants[permission].push({ group, test });
  }

  revoke(permission, group) {
    const stays = (entry) => entry.pattern !== undefined || entry.group !== group;
    this.#grants[permission] = this.#grants[permission].filter(stays);
  }

  /** Without a group: whether it is granted for all groups. */
  allows(permission, group) {
    return this.#grants[permission].some((entry) =>
      group === undefined ? !entry.pattern && entry.group === undefined : entry.test(group),
    );
  }
}

/**
 * `*` within a segment between dots, `**` across, `?` for one character other than a dot; after a
 * backslash these and the backslash stand for themselves.
 * @returns {((name: string) => boolean) | undefined} undefined: not a pattern, which grants nothing
 */
function matcher(pattern) {
  const parts = pattern.match(/\\.?|\*\*|./gs);
  const stars = parts.filter((part) => part[0] === '*').join('').length;
  const escapes = parts.filter((part) => part[0] === '\\');
  if (stars > MAX_STARS || !escapes.every((part) => /^\\[\\*?]$/.test(part))) return undefined;
  const regex = new RegExp(`^${parts.map(source).join('')}$`, 's');
  return (name) => regex.test(name);
}

function source(part) {
  if (part === '**') return '.*';
  if (part === '*') return '[^.]*';
  if (part === '?') return '[^.]';
  const char = part.length > 1 ? part.slice(1) : part; // without its backslash
  return char.replace(/[\\^$.*?|+()[\]{}]/, '\\$&');
}
