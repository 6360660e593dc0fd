using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Finds where a JSON value ends (RFC 8259), for values as they mostly are. <see cref="Utf8JsonReader"/> remains the judge: this says where only of what is JSON beyond
/// doubt, in about half the time; what is not, has escapes or an exponent in it, or is deep, it leaves to that reader.
/// </summary>
internal static class JsonGlance
{
    private const int Deepest = 16;

    /// <summary>Passes over white space.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Space(ReadOnlySpan<byte> json, int at) => (uint)at >= (uint)json.Length || json[at] > ' ' ? at : MuchSpace(json, at);

    /// <summary>Passes over a mark and the white space on both sides of it; -1: something else is there.</summary>
    public static int Mark(ReadOnlySpan<byte> json, int at, byte mark)
    {
        at = Space(json, at);
        return at < json.Length && json[at] == mark ? Space(json, at + 1) : -1;
    }

    /// <summary>Passes over a string without escapes; -1: there is none.</summary>
    public static int Text(ReadOnlySpan<byte> json, int at)
    {
        if (at >= json.Length || json[at] != '"')
            return -1;
        var next = json[(at + 1)..];
        var end = 0;
        for (; next.Length - end >= Vector256<byte>.Count; end += Vector256<byte>.Count)
        {
            var block = Vector256.Create(next[end..]);
            var ends = Vector256.Equals(block, Vector256.Create((byte)'"')) | Vector256.Equals(block, Vector256.Create((byte)'\\')) | Vector256.LessThan(block, Vector256.Create((byte)' '));
            var bits = ends.ExtractMostSignificantBits();
            if (bits == 0)
                continue;
            end += BitOperations.TrailingZeroCount(bits);
            return next[end] == '"' ? at + end + 2 : -1;
        }

        while (end < next.Length && next[end] is >= (byte)' ' and not (byte)'"' and not (byte)'\\')
            end++;
        return end < next.Length && next[end] == '"' ? at + end + 2 : -1;
    }

    /// <summary>Passes over a value.</summary>
    /// <exception cref="JsonException">There is none.</exception>
    public static int Value(ReadOnlySpan<byte> json, int at)
    {
        var end = Plain(json, at, depth: 0);
        if (end >= 0)
            return end;
        var reader = new Utf8JsonReader(json[at..]);
        reader.Read();
        reader.Skip();
        return at + (int)reader.BytesConsumed;
    }

    private static int Plain(ReadOnlySpan<byte> json, int at, int depth)
    {
        if (at >= json.Length || depth > Deepest)
            return -1;
        return json[at] switch
        {
            (byte)'"' => Text(json, at),
            (byte)'{' => Items(json, at, (byte)'}', depth),
            (byte)'[' => Items(json, at, (byte)']', depth),
            (byte)'t' => Word(json, at, "true"u8),
            (byte)'f' => Word(json, at, "false"u8),
            (byte)'n' => Word(json, at, "null"u8),
            _ => Number(json, at),
        };
    }

    private static int MuchSpace(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            at++;
        return at;
    }

    private static int Items(ReadOnlySpan<byte> json, int at, byte closing, int depth)
    {
        at = Space(json, at + 1);
        if (at < json.Length && json[at] == closing)
            return at + 1;
        while (true)
        {
            if (closing == '}' && ((at = Text(json, at)) < 0 || (at = Mark(json, at, (byte)':')) < 0))
                return -1;
            at = Plain(json, at, depth + 1);
            if (at < 0)
                return -1;
            at = Space(json, at);
            if (at >= json.Length)
                return -1;
            if (json[at] == closing)
                return at + 1;
            if (json[at] != ',')
                return -1;
            at = Space(json, at + 1);
        }
    }

    private static int Word(ReadOnlySpan<byte> json, int at, ReadOnlySpan<byte> word) => json[at..].StartsWith(word) ? at + word.Length : -1;

    // -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
    private static int Number(ReadOnlySpan<byte> json, int at)
    {
        if (json[at] == '-')
            at++;
        var digits = Digits(json, at);
        if (digits == at || (digits > at + 1 && json[at] == '0'))
            return -1;
        at = digits;
        if (at < json.Length && json[at] == '.')
        {
            digits = Digits(json, at + 1);
            if (digits == at + 1)
                return -1;
            at = digits;
        }

        return at < json.Length && json[at] is (byte)'e' or (byte)'E' ? -1 : at;
    }

    private static int Digits(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && json[at] is >= (byte)'0' and <= (byte)'9')
            at++;
        return at;
    }
}
