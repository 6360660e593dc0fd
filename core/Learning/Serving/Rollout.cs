using System.Collections.Immutable;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>How far a candidate is let in. Which patients it answers follows from a stable hash of their pseudonym, so that a greater share keeps those of a smaller one.</summary>
public sealed record Rollout
{
    private Rollout(RolloutMode mode, int percent) => (Mode, Percent) = (mode, percent);

    /// <summary>The shares of a canary, in percent, in order.</summary>
    public static ImmutableArray<int> CanarySteps { get; } = [5, 25, 50, 100];

    /// <summary>A candidate that is scored beside production and answers nobody.</summary>
    public static Rollout Shadow { get; } = new(RolloutMode.Shadow, 0);

    /// <summary>The mode.</summary>
    public RolloutMode Mode { get; }

    /// <summary>The share of patients whom the candidate answers: 0 in shadow; 5, 25, 50 or 100 of a canary; 1 to 99 of an A/B comparison; 0 or 100 of blue-green.</summary>
    public int Percent { get; }

    /// <summary>Why a mode and a share do not go together; null: they do.</summary>
    public static string? WhyNot(RolloutMode mode, int percent) => mode switch
    {
        RolloutMode.Shadow => percent == 0 ? null : "A shadow answers nobody: its percentage is 0.",
        RolloutMode.Canary => CanarySteps.Contains(percent) ? null : $"A canary answers {string.Join(", ", CanarySteps)} percent of the patients.",
        RolloutMode.Ab => percent is >= 1 and <= 99 ? null : "An A/B comparison answers 1 to 99 percent of the patients.",
        _ => percent is 0 or 100 ? null : "Blue-green answers 0 or 100 percent of the patients.",
    };

    /// <summary>A mode and its share.</summary>
    /// <exception cref="ArgumentException">They do not go together (<see cref="WhyNot"/>).</exception>
    public static Rollout Of(RolloutMode mode, int percent) => WhyNot(mode, percent) is { } fault ? throw new ArgumentException(fault, nameof(percent)) : new Rollout(mode, percent);

    /// <summary>Reads the fields <c>mode</c> and <c>percent</c> of an object.</summary>
    /// <exception cref="FormatException">They are something else.</exception>
    public static Rollout Read(JsonFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        if (!RolloutModes.TryParse(fields.Text("mode", RolloutModes.LongestWord), out var mode))
            fields.Fail("mode", "be shadow, canary, ab or blue-green");
        var percent = (int)fields.Integer("percent", 0, 100);
        return WhyNot(mode, percent) is { } fault ? throw new FormatException($"{fields.PathOf("percent")}: {fault}") : new Rollout(mode, percent);
    }

    /// <summary>E.g. <c>canary 25 %</c>; a shadow has no share.</summary>
    public override string ToString() => Mode == RolloutMode.Shadow ? Mode.Word() : $"{Mode.Word()} {Percent} %";
}
