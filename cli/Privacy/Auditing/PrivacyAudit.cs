using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>
/// Plays one game against a mechanism: an attacker who knows the data but for the coins, sees every step's noisy sum, and scores each canary by the inner product of the sum with the canary's own clipped gradient at that step's
/// parameters, over the weights that are the canary's alone, where nobody else's gradient gets in the way.
/// </summary>
internal static class PrivacyAudit
{
    /// <summary>What guesses came to.</summary>
    public static CanaryGuesses Run(AuditedMechanism mechanism, long seed, CancellationToken cancel)
    {
        var game = new AuditGame(seed, mechanism.Name);
        var take = mechanism.Begin(game);
        var gradient = new PatientGradient(AuditedTraining.Plan);
        var parameters = AuditedTraining.Plan.InitialParameters();
        var scores = new double[AuditedTraining.Canaries];
        for (var step = 0; step < AuditedTraining.Steps; step++)
        {
            cancel.ThrowIfCancellationRequested();
            var before = parameters.ToArray();
            var codes = take(parameters, step);
            for (var canary = 0; canary < scores.Length; canary++)
            {
                gradient.Compute(before, game.Patients[canary]);
                scores[canary] += Along(gradient, codes, canary);
            }
        }

        return CanaryGuesses.Of(scores, game.IsIn, AuditedTraining.GuessedIn, guessedOut: 0);
    }

    private static double Along(PatientGradient gradient, long[] codes, int column)
    {
        var first = AuditedTraining.Plan.Layers[0];
        var product = 0.0;
        for (var unit = 0; unit < first.Outputs; unit++)
        {
            var own = first.Weight.Offset + (unit * first.Inputs) + column;
            product += gradient[own] * codes[own];
        }

        return product * Math.Min(1, AuditedTraining.Declared.ClippingNorm / gradient.Norm());
    }
}
