// Knows what a native client may do to which groups: from the roles of its token, and from what
// the REST interface grants later.

export const PERMISSIONS = ['sendToGroup', 'joinLeaveGroup'];

const ROLE = /^webpubsub\.(sendToGroup|joinLeaveGroup)(s)?(?:\.(.+))?$/;

export class Permissions {
  #grants = { sendToGroup: [], joinLeaveGroup: [] }; // each {group?, test}

  /** @param {string[]} roles e.g. webpubsub.sendToGroup, webpubsub.joinLeaveGroup.<group> */
  constructor(roles = []) {
    for (const role of roles) this.addRole(role);
  }

  /** Roles that are not about groups mean nothing here. */
  addRole(role) {
    const match = ROLE.exec(role);
    if (!match) return;
    const [, permission, plural, name] = match;
    if (plural) {
      if (name) this.#grants[permission].push({ pattern: name, test: matcher(name) });
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

/** `*` within a segment between dots, `**` across, `?` for one character that is no dot. */
function matcher(pattern) {
  const source = pattern.replace(/\*\*|[*?]|[^*?]+/g, (part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^.]*';
    if (part === '?') return '[^.]';
    return part.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  });
  const regex = new RegExp(`^${source}$`, 's');
  return (name) => regex.test(name);
}
