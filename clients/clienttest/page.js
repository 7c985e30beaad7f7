// Runs in every page before the page's own scripts. It has what Browser needs
// inside the page, under the name `harness`.
window.harness = (() => {
	let inFlight = 0;
	const { fetch } = window;
	window.fetch = async (...request) => {
		inFlight++;
		try {
			const response = await fetch(...request);
			const type = response.headers.get('content-type') ?? '';
			// Of a stream, only the beginning can be waited for.
			if (!/^(text\/event-stream|multipart\/)/.test(type)) await response.clone().arrayBuffer();
			return response;
		} finally {
			inFlight--;
		}
	};

	// A page that tries what its policy forbids has a fault.
	addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective}: ${event.blockedURI}`));

	const frame = () => new Promise(requestAnimationFrame);

	/** Waits until no request was under way in three frames in a row: what an answer leads to is then on the page. */
	async function idle() {
		for (let frames = 0; frames < 3; frames++) {
			if (inFlight > 0) frames = 0;
			await frame();
		}
	}

	/** The visible elements that an XPath finds. */
	function found(xpath) {
		const all = document.evaluate(xpath, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
		return Array.from({ length: all.snapshotLength }, (_, i) => all.snapshotItem(i)).filter(
			(element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0,
		);
	}

	const nameOf = (element) => (element ? `<${element.localName}> "${(element.innerText ?? '').slice(0, 40)}"` : 'nothing');

	const boxOf = (element) => {
		const { x, y, width, height } = element.getClientRects()[0] ?? new DOMRect();
		return { x, y, width, height };
	};

	const moved = (a, b) => JSON.stringify(a) !== JSON.stringify(b);

	// The element that the next click is meant for.
	let target = null;

	/**
	 * Finds where to click: the centre of the only visible element, once it is
	 * enabled, stands still, and nothing covers it. Otherwise it tells why not.
	 */
	async function aim(xpath) {
		const elements = found(xpath);
		if (elements.length !== 1) {
			await frame();
			return { why: `${elements.length} visible elements match` };
		}
		const [element] = elements;
		element.scrollIntoViewIfNeeded();
		await frame();
		const box = boxOf(element);
		await frame();
		if (moved(box, boxOf(element))) return { why: 'it moves' };
		if (element.matches(':disabled, [aria-disabled=true]')) return { why: 'it is disabled' };
		const x = box.x + box.width / 2;
		const y = box.y + box.height / 2;
		const hit = document.elementFromPoint(x, y);
		if (!element.contains(hit)) return { why: `${nameOf(hit)} covers it` };
		target = { element, box, miss: 'the click did not arrive' };
		return { x, y };
	}

	/** Tells why the click missed its element, '' if it did not, and stops guarding. */
	function missed() {
		// The element is gone with its page when the click led to another.
		const miss = target?.miss ?? '';
		target = null;
		return miss;
	}

	// The page may change between aiming and clicking. What was hit instead
	// never hears of the click.
	for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) {
		addEventListener(
			type,
			(event) => {
				if (target === null || !event.isTrusted) return;
				const hits = target.element.contains(event.target);
				if (type === 'pointerdown') target.miss = hits ? '' : `${nameOf(event.target)} was hit instead`;
				if (type === 'pointerup' && !hits && moved(target.box, boxOf(target.element))) target.miss = 'it moved while it was pressed';
				if (target.miss !== '') {
					event.preventDefault();
					event.stopImmediatePropagation();
				}
			},
			true,
		);
	}

	return { idle, found, aim, missed };
})();
