// Loads the program, or says why it cannot start. That has to work before the program and the locale files are there.
(() => {
  // `chalkgrad` exists from here on. The program adds the methods to this very object, so that a host page may keep it,
  // and settles `ready` through `chalkgradReady`.
  const settle = {};
  const ready = new Promise((resolve, reject) => Object.assign(settle, { resolve, reject }));
  ready.catch(() => {}); // A rejection that is not awaited is no error.
  window.chalkgrad = { ready };
  window.chalkgradReady = settle;

  // Title and text in English, then in Chinese.
  const messages = {
    'no-webassembly': [
      'WebAssembly is switched off in this browser',
      'The page computes with WebAssembly, and this browser does not let pages use it. Lockdown Mode of an iPhone, iPad or Mac (Settings, Privacy & Security; or for this website alone in the page menu), a policy of your organisation, the security level of Tor Browser, or javascript.options.wasm in Firefox (about:config) switches it off. Allow it there for this page and reload.',
      '当前浏览器关闭了 WebAssembly',
      '本页面使用 WebAssembly 进行计算，而当前浏览器不允许网页使用它。可能的原因：iPhone、iPad 或 Mac 的“锁定模式”（设置—隐私与安全性，也可在页面菜单中仅对本网站关闭）、所在单位的管理策略、Tor 浏览器的安全级别，或 Firefox 的 javascript.options.wasm（about:config）。请在相应位置允许本页面使用后重新加载。',
    ],
    'no-simd': [
      'This browser is too old for chalkgrad',
      'The page computes with WebAssembly SIMD, and this browser does not offer it. Chrome or Edge 91, Firefox 114, Safari 16.4 and anything newer will do.',
      '当前浏览器版本过旧，无法运行 chalkgrad',
      '本页面使用 WebAssembly SIMD 进行计算，而当前浏览器不支持。请使用 Chrome 或 Edge 91、Firefox 114、Safari 16.4 或更新的版本。',
    ],
    sandboxed: [
      'chalkgrad cannot start in this sandboxed frame',
      'The page that embeds it forbids this frame to read its own files. The sandbox attribute of the frame has to contain allow-scripts and allow-same-origin.',
      'chalkgrad 无法在此沙盒框架中启动',
      '嵌入它的页面禁止此框架读取自身的文件。该框架的 sandbox 属性必须包含 allow-scripts 和 allow-same-origin。',
    ],
    'no-server': [
      'chalkgrad needs a web server',
      'This page was opened as a file, and browsers keep such pages from loading their own parts. Serve the folder, for example with `python3 -m http.server`, and open the address that it prints.',
      'chalkgrad 需要通过网页服务器打开',
      '本页面是作为本地文件打开的，浏览器不允许这样的页面加载自身的其他文件。请用网页服务器提供此文件夹（例如 `python3 -m http.server`），再打开它给出的地址。',
    ],
    blocked: [
      'The server does not let chalkgrad start',
      "The content security policy with which this page was sent forbids a part of it. It has to allow script-src 'self' 'wasm-unsafe-eval' and worker-src 'self' blob:.",
      '服务器的设置阻止了 chalkgrad 启动',
      "本页面附带的内容安全策略（CSP）禁止了其中一部分。该策略必须允许 script-src 'self' 'wasm-unsafe-eval' 和 worker-src 'self' blob:。",
    ],
    'load-failed': [
      'chalkgrad could not be loaded',
      'Part of the page failed to load, or this browser could not start it. Check the connection and load the page again.',
      '无法加载 chalkgrad',
      '页面的一部分未能下载，或浏览器无法启动它。请检查网络连接后重新加载。',
    ],
  };

  const fail = (code, cause) => {
    const [title, text, titleChinese, textChinese] = messages[code];
    settle.reject(Object.assign(new Error(text), { code, cause }));
    const main = document.createElement('main');
    main.className = 'boot-message';
    main.setAttribute('role', 'alert');
    const add = (tag, content, lang) => {
      const element = document.createElement(tag);
      element.textContent = content;
      element.lang = lang;
      main.append(element);
      return element;
    };
    add('h1', title, 'en');
    add('p', text, 'en');
    add('h1', titleChinese, 'zh');
    add('p', textChinese, 'zh');
    if (cause) add('p', String(cause), 'en');
    if (code === 'load-failed') add('button', 'Reload · 重新加载', 'en').onclick = () => location.reload();
    document.getElementById('skeleton')?.remove();
    document.body.append(main);
  };

  // The smallest module that uses a SIMD instruction (i8x16.popcnt).
  const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
  // The same for relaxed SIMD (f32x4.relaxed_madd), which some browsers refuse: a second build of the program has it.
  const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11];
  const validates = (bytes) => {
    try {
      return WebAssembly.validate(new Uint8Array(bytes));
    } catch {
      return false;
    }
  };

  /** The code of what keeps the program from being loaded at all. */
  const obstacle = () => {
    // A sandboxed frame and a file have no origin, so even their own files count as a stranger's.
    if (self.origin === 'null') return location.protocol === 'file:' ? 'no-server' : 'sandboxed';
    if (typeof WebAssembly !== 'object') return 'no-webassembly';
    if (!validates(SIMD) || typeof DecompressionStream !== 'function') return 'no-simd';
    return undefined;
  };

  /** The GPU that this browser lets pages use: 'hardware', 'software' (emulated on the CPU) or ''. */
  const adapter = async () => {
    try {
      const request = navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
      const found = await Promise.race([request, new Promise((resolve) => setTimeout(resolve, 1500))]);
      if (!found) return '';
      const info = found.info ?? {};
      const emulated = info.isFallbackAdapter ?? found.isFallbackAdapter;
      return emulated || /swiftshader|llvmpipe|software/i.test(`${info.architecture} ${info.description}`) ? 'software' : 'hardware';
    } catch {
      return '';
    }
  };

  const boot = async () => {
    const code = obstacle();
    if (code) return fail(code);
    let isBlocked = false;
    const onViolation = () => (isBlocked = true);
    document.addEventListener('securitypolicyviolation', onViolation);
    try {
      // Written by the build: the addresses of the program and of its other build.
      const { script, wasm, relaxed } = document.querySelector('meta[name="program"]').dataset;
      const [scriptUrl, wasmUrl] = validates(RELAXED) ? [`${relaxed}.js`, `${relaxed}_bg.wasm`] : [script, wasm];
      const response = fetch(wasmUrl);
      response.catch(() => {}); // Reported below, when it is awaited.
      // The engine's worker runs the same program; it learns its address from here.
      settle.script = new URL(scriptUrl, document.baseURI).href;
      const [program, found] = await Promise.all([import(settle.script), adapter()]);
      settle.adapter = found;
      await program.default({ module_or_path: response });
      document.getElementById('skeleton')?.remove();
      dispatchEvent(new CustomEvent('chalkgrad-started'));
    } catch (error) {
      await new Promise((resolve) => setTimeout(resolve)); // A violation is told after the error that it causes.
      fail(isBlocked || /Content Security Policy/.test(error) ? 'blocked' : 'load-failed', error);
    } finally {
      document.removeEventListener('securitypolicyviolation', onViolation);
    }
  };

  boot();
})();
