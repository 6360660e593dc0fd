using System.Globalization;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Cli;

/// <summary>Numbers for people.</summary>
internal static class Figures
{
    /// <summary>An estimate with its interval; "undefined" where there is none.</summary>
    public static string Text(Estimate? estimate) => estimate is { } known
        ? string.Create(CultureInfo.InvariantCulture, $"{known.Value:0.000} ({known.Low:0.000} to {known.High:0.000})")
        : "undefined";
}
