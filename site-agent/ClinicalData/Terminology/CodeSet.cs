using System.Collections.Frozen;
using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The codes by which a definition names one clinical thing, over several code systems. A concept belongs to it as soon as one of its
/// codings does. Codes are compared exactly; those of ICD without their point. <c>I21*</c> stands for I21 and everything below it, in the
/// ICD systems alone: elsewhere equal beginnings mean nothing.
/// </summary>
public sealed class CodeSet
{
    private readonly FrozenSet<Coding> _exact;
    private readonly FrozenDictionary<string, ImmutableArray<string>> _prefixes; // by system

    /// <summary>Takes codes.</summary>
    /// <param name="codes">At least one: address of the system, or an alias (empty: local), and code or, for ICD, prefix and asterisk.</param>
    /// <exception cref="ArgumentException">There is none, or one has a <see cref="Fault"/>; all are named.</exception>
    public CodeSet(ImmutableArray<(string System, string Code)> codes)
    {
        if (codes.IsDefaultOrEmpty)
            throw new ArgumentException("A code set needs at least one code.", nameof(codes));
        if (codes.Select(code => Fault(code.System, code.Code)).OfType<string>().ToArray() is { Length: > 0 } faults)
            throw new ArgumentException(string.Join(" ", faults), nameof(codes));
        Codes = codes;
        var comparable = codes.Select(code => CodeSystems.Comparable(new Coding(code.System, code.Code))).ToLookup(code => code.Code.EndsWith('*'));
        _exact = comparable[false].ToFrozenSet();
        _prefixes = comparable[true].GroupBy(code => code.System, code => code.Code[..^1])
            .ToFrozenDictionary(group => group.Key, group => group.ToImmutableArray(), StringComparer.Ordinal);
    }

    /// <summary>The codes, as given.</summary>
    public ImmutableArray<(string System, string Code)> Codes { get; }

    /// <summary>What is wrong with a code that an author wrote; null: nothing.</summary>
    public static string? Fault(string system, string code) =>
        code.Length == 0 || code.Trim() != code ? "A code must not be empty, nor begin or end with a space."
        : !code.Contains('*', StringComparison.Ordinal) ? null
        : !CodeSystems.IsIcd(CodeSystems.Canonical(system))
            ? $"'{code}' holds an asterisk: only codes of icd-9, icd-10 and icd-10-cm can be named by their beginning. Name each code."
        : code.Length < 2 || code.IndexOf('*', StringComparison.Ordinal) != code.Length - 1
            ? $"In '{code}' the asterisk must stand at the end, behind the beginning of a code: I21*."
        : null;

    /// <summary>Whether a concept belongs.</summary>
    public bool Contains(ReadOnlySpan<Coding> concept)
    {
        foreach (var coding in concept)
        {
            if (Contains(CodeSystems.Comparable(coding)))
                return true;
        }

        return false;
    }

    private bool Contains(Coding comparable)
    {
        if (_exact.Contains(comparable))
            return true;
        if (!_prefixes.TryGetValue(comparable.System, out var prefixes))
            return false;
        foreach (var prefix in prefixes)
        {
            if (comparable.Code.StartsWith(prefix, StringComparison.Ordinal))
                return true;
        }

        return false;
    }
}
