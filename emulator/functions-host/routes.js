// The routes of HTTP triggers: templates with parameters and constraints, matched without
// case; a method that is not listed is a path that does not exist.

import { ConfigError } from './config.js';

const CONSTRAINTS = {
  int: () => (text) => /^-?\d+$/.test(text),
  alpha: () => (text) => /^[a-z]*$/i.test(text),
  guid: () => (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  regex: (pattern) => {
    const regex = new RegExp(pattern, 'i');
    return (text) => regex.test(text);
  },
};

/**
 * @param {{functions: object[], routePrefix: string}} app
 * @returns {(method: string, pathname: string) => {settings: object, params: object} | undefined}
 *   finds the function; they are tried in their order, the first match wins
 */
export function makeRouter({ functions, routePrefix }) {
  const routes = functions.map((settings) => {
    const template = [routePrefix, settings.route].filter(Boolean).join('/');
    return { settings, match: makeMatcher(template) };
  });
  return (method, pathname) => {
    for (const { settings, match } of routes) {
      const { methods } = settings;
      const params = !methods || methods.includes(method) ? match(pathname) : undefined;
      if (params) return { settings, params };
    }
    return undefined;
  };
}

/** @returns {(pathname: string) => object | undefined} gives the parameters of a match */
export function makeMatcher(template) {
  const segments = splitTemplate(template).map(readSegment);
  return (pathname) => {
    const parts = pathname.split('/').slice(1).map(decode);
    // A slash at the end is ignored, except as part of what a catch-all has caught.
    const slash = parts.at(-1) === '';
    if (slash) parts.pop();
    return matches(segments, parts, slash ? '/' : '');
  };
}

function matches(segments, parts, slash) {
  const params = {};
  for (const [i, { name, rest, optional, constrained, test }] of segments.entries()) {
    if (rest) {
      const caught = parts.length > i ? parts.slice(i).join('/') + slash : '';
      // An empty segment is no value, and no constraint admits that.
      const fits = !constrained || (caught !== '' && test(caught));
      return fits ? { ...params, [name]: caught } : undefined;
    }
    if (parts[i] === undefined) return optional ? params : undefined;
    if (!test(parts[i])) return undefined;
    if (name) params[name] = parts[i];
  }
  return parts.length <= segments.length ? params : undefined;
}

/** Splits at slashes outside of braces. */
function splitTemplate(template) {
  const segments = [''];
  let depth = 0;
  for (const char of template) {
    if (char === '{') depth += 1;
    if (char === '}') depth -= 1;
    if (char === '/' && depth === 0) segments.push('');
    else segments[segments.length - 1] += char;
  }
  if (depth !== 0) throw new ConfigError(`route '${template}': the braces do not match`);
  return segments;
}

/** A literal, {name}, {name?}, {name:constraint}, {*rest}, or {*rest:constraint}. */
function readSegment(segment) {
  if (!/[{}]/.test(segment)) {
    return { test: (text) => text.toLowerCase() === segment.toLowerCase() };
  }
  const match = /^{(\*{0,2})(\w+)(?::(.*?))?(\?)?}$/.exec(segment);
  if (!match) throw new ConfigError(`route segment '${segment}' is not known to the stand-in`);
  const [, star, name, constraint, question] = match;
  const constrained = constraint !== undefined;
  const test = constrained ? readConstraint(constraint) : () => true;
  return { name, rest: star !== '', optional: question === '?', constrained, test };
}

function readConstraint(text) {
  const [, name, argument] = /^(\w+)(?:\((.*)\))?$/.exec(text) ?? [];
  if (!Object.hasOwn(CONSTRAINTS, name ?? '')) {
    throw new ConfigError(`route constraint '${text}' is not known to the stand-in`);
  }
  // Braces are doubled inside of a template.
  return CONSTRAINTS[name](argument?.replaceAll('{{', '{').replaceAll('}}', '}'));
}

/** Decodes everything but %2F: the slashes of a path are those that it is written with. */
function decode(part) {
  try {
    return decodeURIComponent(part.replace(/%2f/gi, (slash) => `%25${slash.slice(1)}`));
  } catch {
    return part;
  }
}
