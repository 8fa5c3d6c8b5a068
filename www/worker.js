// Starts the page's program once more, as the engine or, with a role, as what helps it: the first message says which, and
// holds it compiled already.
self.onmessage = async ({ data: { script, module, role } }) => {
  Object.assign(self, { script, role });
  try {
    const { default: init } = await import(script);
    // Within reach of whoever wants to know how much memory the engine has.
    self.program = await init({ module_or_path: module });
  } catch (error) {
    // The starter of this worker gets its exceptions, but not its rejected promises.
    setTimeout(() => { throw error; });
  }
};
