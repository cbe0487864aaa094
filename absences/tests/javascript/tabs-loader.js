// Gives each tab modules of its own: a module that is imported as `x.js?tab=1` imports its own modules with `?tab=1` too.

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const tab = context.parentURL && new URL(context.parentURL).search;
  if (!tab || !specifier.startsWith(".")) return found;
  return { ...found, url: found.url + tab };
}
