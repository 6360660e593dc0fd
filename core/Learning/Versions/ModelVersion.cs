using System.Globalization;

namespace FederatedClinicalMl.Learning;

/// <summary>The part of a version that changes.</summary>
public enum VersionPart
{
    /// <summary>Nothing was trained again: other words about the same parameters.</summary>
    Patch,

    /// <summary>Other features or hyperparameters, or the same ones trained again.</summary>
    Minor,

    /// <summary>Another algorithm, outcome or population: what was known of the model before does not carry over.</summary>
    Major,
}

/// <summary>
/// A version of a model, <c>MAJOR.MINOR.PATCH</c> by the rules of Semantic Versioning 2.0.0 (semver.org) for order and text, with the meaning that hospitals give the three numbers
/// (<see cref="VersionPart"/>). Versions count within one model's line; what a version is of is the registry's immutable entry.
/// </summary>
/// <param name="Major">From 1.</param>
/// <param name="Minor">From 0.</param>
/// <param name="Patch">From 0.</param>
public readonly record struct ModelVersion(int Major, int Minor, int Patch) : IComparable<ModelVersion>
{
    private const int Most = 999_999;

    /// <summary>A line's first version.</summary>
    public static ModelVersion First { get; } = new(1, 0, 0);

    /// <summary>The version after this one.</summary>
    /// <param name="part">What changes; the parts below it begin anew.</param>
    public ModelVersion Next(VersionPart part) => part switch
    {
        VersionPart.Major => new(Major + 1, 0, 0),
        VersionPart.Minor => new(Major, Minor + 1, 0),
        _ => new(Major, Minor, Patch + 1),
    };

    /// <summary>Reads a version as it is written: three numbers without signs or leading zeros.</summary>
    public static bool TryParse(string? text, out ModelVersion version)
    {
        version = default;
        if (text?.Split('.') is not [var major, var minor, var patch] || !Number(major, out var first) || !Number(minor, out var second) || !Number(patch, out var third) || first < 1)
            return false;
        version = new ModelVersion(first, second, third);
        return version.ToString() == text;
    }

    /// <exception cref="FormatException">The text is no version.</exception>
    public static ModelVersion Parse(string text) =>
        TryParse(text, out var version) ? version : throw new FormatException($"'{text}' is no version: three numbers are needed, such as 1.2.0.");

    /// <inheritdoc/>
    public int CompareTo(ModelVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}");

    public static bool operator <(ModelVersion left, ModelVersion right) => left.CompareTo(right) < 0;
    public static bool operator >(ModelVersion left, ModelVersion right) => left.CompareTo(right) > 0;
    public static bool operator <=(ModelVersion left, ModelVersion right) => left.CompareTo(right) <= 0;
    public static bool operator >=(ModelVersion left, ModelVersion right) => left.CompareTo(right) >= 0;

    private static bool Number(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= Most;
}
