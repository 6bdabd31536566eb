// What a template makes of the parameters that it is given, as far as the templates in infra/ need it: which
// it refuses, and what an expression without resources comes to. Resource Manager does the same.

const CALLS = {
  contains: (where, what) => (typeof where === 'object' && !Array.isArray(where)
    ? Object.keys(where).some((key) => key.toLowerCase() === what.toLowerCase())
    : where.includes(what)),
  empty: (value) => (typeof value === 'object' ? Object.keys(value).length : value.length) === 0,
  fail: (message) => { throw new Error(message); },
  filter: (items, wanted) => items.filter(wanted),
  join: (items, between) => items.join(between),
  length: (value) => value.length,
  objectKeys: Object.keys,
  range: (first, count) => Array.from({ length: count }, (_, index) => first + index),
  substring: (text, from, count) => text.slice(from, from + count),
  take: (text, count) => text.slice(0, count),
  toLower: (text) => text.toLowerCase(),
};

/** @param {object} template  parsed; @param {Record<string, unknown>} values  of its parameters */
export function evaluate(node, template, values) {
  const value = (inner, more) => evaluate(inner, template, more ? { ...values, ...more } : values);
  switch (node.is) {
    case 'int': case 'bool': return node.value;
    case 'string': return node.parts.map((part) => (typeof part === 'string' ? part : value(part))).join('');
    case 'array': return node.items.map((item) => value(item));
    case 'object':
      return Object.fromEntries(Object.entries(node.entries).map(([name, inner]) => [name, value(inner)]));
    case 'name': return named(node.name, template, values, value);
    case 'not': return !value(node.of);
    case 'both': return value(node.of[0]) && value(node.of[1]);
    case 'default': return value(node.of[0]) ?? value(node.of[1]);
    case 'choice': return value(node.test) ? value(node.yes) : value(node.no);
    case 'index': return value(node.of)[value(node.at)];
    case 'member': return value(node.of)[node.name];
    case 'lambda': return (given) => value(node.body, { [node.param]: given });
    case 'call': {
      const call = CALLS[node.of.name];
      if (!call) throw new TypeError(`nobody knows what ${node.of.name} answers`);
      return call(...node.args.map((arg) => value(arg)));
    }
    default: throw new TypeError(`nobody knows what ${node.is} comes to`);
  }
}

function named(name, { param, var: vars }, values, value) {
  if (name in values) return values[name];
  const inner = (vars[name] ?? param[name])?.value;
  if (!inner) throw new TypeError(`${name} has no value`);
  return value(inner);
}

/** Why the template refuses these parameters: [] is yes. `decides`: the variable whose value may fail. */
export function refusals(template, values, decides) {
  const { param } = template;
  const found = [
    ...Object.keys(values).filter((name) => !param[name]).map((name) => `${name} is unknown`),
    ...Object.keys(param).filter((name) => !param[name].value && !(name in values)).map((name) => `${name} is missing`),
    ...Object.entries(values).filter(([name]) => param[name]).flatMap(([name, given]) => wrong(name, given, param[name])),
  ];
  if (found.length || !decides) return found;
  try {
    evaluate(template.var[decides].value, template, values);
    return [];
  } catch (error) {
    if (error instanceof TypeError) throw error; // the template is wrong, or this file
    return [error.message];
  }
}

function wrong(name, given, { type, decorators }) {
  if (!fits(given, type)) return [`${name} has another type`];
  const [size] = [given?.length ?? given];
  return decorators.flatMap(({ of, args }) => {
    const bound = args?.[0]?.value;
    const isWrong = {
      allowed: () => !args[0].items.some((item) => (item.parts?.join('') ?? item.value) === given),
      minLength: () => size < bound,
      maxLength: () => size > bound,
      minValue: () => size < bound,
      maxValue: () => size > bound,
    }[of?.name]?.();
    return isWrong ? [`${name}: ${of.name}`] : [];
  });
}

function fits(given, type) {
  if (type.optional) return given === undefined || given === null || fits(given, type.optional);
  if (type.each) return Array.isArray(given) && given.every((one) => fits(one, type.each));
  if (type.fields) {
    return isObject(given) && Object.keys(given).every((name) => type.fields[name])
      && Object.entries(type.fields).every(([name, inner]) => fits(given[name], inner));
  }
  if (type.endsWith('[]')) return Array.isArray(given) && given.every((one) => fits(one, type.slice(0, -2)));
  const simple = { int: Number.isInteger(given), object: isObject(given), bool: typeof given === 'boolean' };
  return simple[type] ?? typeof given === type;
}

const isObject = (given) => typeof given === 'object' && given !== null && !Array.isArray(given);
