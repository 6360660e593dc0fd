using System.Globalization;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Reads a unit's code by the grammar of UCUM (https://ucum.org/ucum, sections 4 to 13), case sensitive. Two departures: a code with a number
/// behind a number and a point (<c>mL/min/1.73</c>) is none, for UCUM reads 1 times 73 where its writer means a decimal; and what is too large
/// to be meant is none.
/// </summary>
/// <param name="code">The code.</param>
/// <param name="find">Finds a unit by its code, prefix included; null: there is none.</param>
internal sealed class UcumParser(string code, Func<string, UcumAtom?> find)
{
    private const int MaximumLength = 128;
    private const int MaximumFactorDigits = 9;
    private const int MaximumExponentDigits = 2;
    private const int MaximumMagnitude = 400; // of 2: a conversion divides two units, and doubles end at 1023

    private int _at;
    private bool _wasFactor;

    /// <summary>Scale and dimension; null: the code is none.</summary>
    public UcumAtom? Read() =>
        code.Length is > 0 and <= MaximumLength && Term() is { } unit && _at == code.Length && Math.Abs(unit.Scale.Magnitude) <= MaximumMagnitude ? unit : null;

    // Components with points and solidi between them, from left to right; one solidus may stand before the first.
    private UcumAtom? Term()
    {
        var (scale, dimension) = (Rational.One, UnitDimension.Number);
        var (divides, afterFactor) = (Take('/'), false);
        while (true)
        {
            if (Component() is not { } next || (afterFactor && _wasFactor))
                return null;
            (scale, dimension) = divides ? (scale / next.Scale, dimension * next.Dimension.Power(-1)) : (scale * next.Scale, dimension * next.Dimension);
            divides = Take('/');
            if (!divides && !Take('.'))
                return new UcumAtom(false, scale, dimension);
            afterFactor = _wasFactor && !divides;
        }
    }

    private UcumAtom? Component()
    {
        var isAnnotated = Annotations();
        _wasFactor = false;
        var component = Take('(') ? Term() is { } inner && Take(')') ? inner : null
            : Symbol() is { Length: > 0 } symbol ? Simple(symbol)
            : isAnnotated ? new UcumAtom(false, Rational.One, UnitDimension.Number) : null; // an annotation alone is the number one
        Annotations();
        return component;
    }

    private UcumAtom? Simple(string symbol)
    {
        if (symbol.All(char.IsAsciiDigit))
        {
            _wasFactor = true;
            return symbol.Length <= MaximumFactorDigits && symbol.Any(digit => digit != '0') ? new UcumAtom(false, Rational.Parse(symbol), UnitDimension.Number) : null;
        }

        var unit = symbol.TrimEnd(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        var digits = symbol[unit.Length..];
        if (digits.Length == 0)
            return find(symbol);
        if (digits.Length > MaximumExponentDigits)
            return null;
        var isNegative = unit.EndsWith('-');
        var exponent = int.Parse(digits, CultureInfo.InvariantCulture) * (isNegative ? -1 : 1);
        return find(isNegative || unit.EndsWith('+') ? unit[..^1] : unit) is { } atom ? new UcumAtom(false, atom.Scale.Power(exponent), atom.Dimension.Power(exponent)) : null;
    }

    // Up to the next sign of the grammar; between brackets there is none.
    private string Symbol()
    {
        var (start, depth) = (_at, 0);
        for (; _at < code.Length && (depth > 0 || code[_at] is not ('.' or '/' or '(' or ')' or '{' or '}')); _at++)
            depth += code[_at] switch { '[' => 1, ']' => -1, _ => 0 };
        return code[start.._at];
    }

    private bool Annotations()
    {
        var start = _at;
        while (_at < code.Length && code[_at] == '{' && code.IndexOfAny(['{', '}'], _at + 1) is var end and > 0 && code[end] == '}')
            _at = end + 1;
        return _at > start;
    }

    private bool Take(char sign)
    {
        if (_at == code.Length || code[_at] != sign)
            return false;
        _at++;
        return true;
    }
}
