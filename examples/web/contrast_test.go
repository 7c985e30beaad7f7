package web_test

// isReadable looks at every text that is on the page, in the light and in the
// dark theme: its contrast must be what WCAG asks for at level AA.
func (v *visit) isReadable(name string) {
	v.Helper()
	for _, scheme := range []string{"dark", "light"} {
		v.Prefer(scheme)
		v.Await("the "+scheme+" theme", `matchMedia('(prefers-color-scheme: `+scheme+`)').matches`)
		if faint := v.Read(faintTexts); faint != "" {
			v.Errorf("%s, %s theme: hard to read: %s", name, scheme, faint)
		}
		if scheme == "dark" {
			v.shot(name + "-dark")
		} else {
			v.shot(name)
		}
	}
}

// faintTexts is JavaScript for the texts that are not readable, with their
// contrasts. Buttons that are disabled may be faint.
const faintTexts = `(() => {
	const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const paint = (color) => {
		context.fillStyle = color;
		context.fillRect(0, 0, 1, 1);
		return context.getImageData(0, 0, 1, 1).data;
	};
	const luminance = ([r, g, b]) => {
		const linear = [r, g, b].map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
		return .2126 * linear[0] + .7152 * linear[1] + .0722 * linear[2];
	};
	const contrast = (element) => {
		const around = [];
		for (let e = element; e; e = e.parentElement) around.unshift(e);
		paint('Canvas');
		let behind;
		for (const e of around) behind = paint(getComputedStyle(e).backgroundColor);
		const dark = luminance(behind);
		const text = luminance(paint(getComputedStyle(element).color));
		return (Math.max(dark, text) + .05) / (Math.min(dark, text) + .05);
	};
	const isLarge = (element) => {
		const { fontSize, fontWeight } = getComputedStyle(element);
		return parseFloat(fontSize) >= 24 || parseFloat(fontSize) >= 18.66 && fontWeight >= 700;
	};
	const elements = new Set(Array.from(document.querySelectorAll('input, select')).filter(field => field.value !== ''));
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) if (texts.currentNode.data.trim() !== '') elements.add(texts.currentNode.parentElement);
	return Array.from(elements)
		.filter(element => element.checkVisibility() && !element.closest('[aria-disabled=true], option'))
		.map(element => ({ element, ratio: contrast(element) }))
		.filter(({ element, ratio }) => ratio < (isLarge(element) ? 3 : 4.5))
		.map(({ element, ratio }) => (element.innerText || element.value).slice(0, 40) + ': ' + ratio.toFixed(2))
		.join('; ');
})()`
