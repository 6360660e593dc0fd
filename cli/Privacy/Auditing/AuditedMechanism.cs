using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>Makes one step, from 0: changes the parameters and gives the noisy sum, [dimension], which is all that an attacker sees.</summary>
internal delegate long[] AuditedStep(float[] parameters, int step);

/// <summary>A mechanism that an audit tries.</summary>
/// <param name="Name">For people.</param>
/// <param name="IsPlanted">Whether it has a bug on purpose, so that the audit has to find it.</param>
/// <param name="Begin">Its steps over a game's patients.</param>
internal sealed record AuditedMechanism(string Name, bool IsPlanted, Func<AuditGame, AuditedStep> Begin)
{
    /// <summary>
    /// What ships, and bugs that are planted by what is handed to it, never by a switch inside it: less noise than the claim's, the stream of the first step again, rows that pass for patients. Only where a layer is not
    /// clipped a step is put together anew (<see cref="UnclippedLayer"/>).
    /// </summary>
    public static IReadOnlyList<AuditedMechanism> All { get; } =
    [
        new("private training as it ships", false, game => Trained(game, AuditedTraining.Declared, game.Rows, step => step)),
        new("noise divided by 4", true, game => Trained(
            game, AuditedTraining.Declared with { NoiseMultiplier = AuditedTraining.Declared.NoiseMultiplier / Rational.Of(4) }, game.Rows, step => step)),
        new("first layer not clipped", true, game => new UnclippedLayer(game, clippedFrom: AuditedTraining.Plan.Layers[1].Weight.Offset).Step),
        new("sampling seed reused", true, game => Trained(game, AuditedTraining.Declared, game.Rows, _ => 0)),
        new("patient counted as rows", true, game => Trained(
            game, AuditedTraining.Declared with { RowsPerPatient = 1 }, game.Rows with { Patients = PatientRows.OnePerRow(game.Rows.Rows) }, step => step)),
    ];

    private static AuditedStep Trained(AuditGame game, PrivateTrainingDeclaration declared, TrainingSet rows, Func<int, int> sampledAs)
    {
        var training = PrivateTraining.Of(AuditedTraining.Plan, declared);
        return (parameters, step) =>
        {
            using var sampling = game.Sampling(sampledAs(step));
            using var noise = game.Noise(step);
            var result = PrivateTrainer.Train(new(training, rows, step + 1), parameters, sampling, noise, CancellationToken.None);
            for (var i = 0; i < parameters.Length; i++)
                parameters[i] += result.Change![i];
            return result.Codes;
        };
    }
}
