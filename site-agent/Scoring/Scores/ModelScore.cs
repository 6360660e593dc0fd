using System.Globalization;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What a model came to for a row: of a study that predicts a number that number, else a probability and its logit.</summary>
/// <param name="Output">What is logged and counted: the number, or the logit. NaN: there is no score.</param>
/// <param name="Value">What is answered: the number, or the probability of a positive outcome.</param>
/// <param name="Unit">The number's UCUM unit; null: no number is predicted.</param>
internal readonly record struct ModelScore(float Output, double Value, string? Unit)
{
    /// <summary>No score.</summary>
    public static ModelScore None(string? unit) => new(float.NaN, double.NaN, unit);

    /// <summary>A logit that was kept without its probability.</summary>
    public static ModelScore OfLogit(float logit) => new(logit, 1 / (1 + Math.Exp(-(double)logit)), null);

    /// <summary>A number that was predicted.</summary>
    public static ModelScore OfNumber(float number, string unit) => new(number, number, unit);

    /// <summary>Whether there is none.</summary>
    public bool IsNone => float.IsNaN(Output);

    /// <summary>Whether a number is predicted.</summary>
    public bool IsNumber => Unit is not null;

    /// <summary>For people: a percentage, or the number in its unit with four significant digits and without an exponent.</summary>
    public string Text => !IsNumber ? string.Create(CultureInfo.InvariantCulture, $"{Value * 100:0.0} %")
        : string.Create(CultureInfo.InvariantCulture, $"{decimal.Parse(RegressionMetrics.Text(Value), NumberStyles.Float, CultureInfo.InvariantCulture)}{(Unit == "1" ? "" : $" {Unit}")}");
}
