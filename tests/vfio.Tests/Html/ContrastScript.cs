namespace VfioSharp.Cli.Tests.Html;

/// <summary>
/// Measures in a browser the contrast of every text that is shown with what lies behind it (WCAG 2.2, 1.4.3): a ratio of 4.5, or 3 for large
/// text. A gradient counts with each of its colours.
/// </summary>
internal static class ContrastScript
{
    /// <summary>Gives how many texts were measured, and those that are too faint.</summary>
    public const string Text = """
        () => {
            const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
            const known = new Map();
            const parse = text => {
                if (!known.has(text)) {
                    context.clearRect(0, 0, 1, 1);
                    context.fillStyle = text;
                    context.fillRect(0, 0, 1, 1);
                    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
                    known.set(text, [r, g, b, a / 255]);
                }
                return known.get(text);
            };
            const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
            const behind = element => {
                if (!element) return [[255, 255, 255]];
                const style = getComputedStyle(element);
                const flat = parse(style.backgroundColor);
                const below = flat[3] === 1 ? [flat.slice(0, 3)] : behind(element.parentElement).map(under => over(flat, under));
                const stops = style.backgroundImage.match(/(?:rgba?|color)\([^)]*\)/g) ?? [];
                return stops.length ? stops.flatMap(stop => below.map(under => over(parse(stop), under))) : below;
            };
            const luminance = colour => {
                const [r, g, b] = colour.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            document.querySelectorAll('details').forEach(details => details.open = true);
            const faint = [];
            let measured = 0;
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) {
                const element = texts.currentNode.parentElement;
                if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
                measured++;
                const style = getComputedStyle(element);
                const size = parseFloat(style.fontSize);
                const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
                const worst = Math.min(...behind(element).map(back => ratio(luminance(over(parse(style.color), back)), luminance(back))));
                if (worst < needed) faint.push(`${worst.toFixed(2)} "${texts.currentNode.data.trim().slice(0, 40)}" in ${element.tagName}.${element.className}`);
            }
            return { measured, faint: [...new Set(faint)] };
        }
        """;
}
