using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>
/// A step in which a patient's factor is taken from the norm of the later layers alone, as where somebody forgets a layer. The trainer has no place where that could be asked for, and shall have none; so the step is put together
/// here, of the mechanisms that the trainer is made of and of gradients in double. With nothing forgotten it gives the trainer's sums to within rounding, which a test holds.
/// </summary>
internal sealed class UnclippedLayer
{
    private readonly AuditGame _game;
    private readonly int _clippedFrom;
    private readonly PrivateTraining _training = PrivateTraining.Of(AuditedTraining.Plan, AuditedTraining.Declared);
    private readonly DiscreteGaussian _noise;
    private readonly PatientGradient _gradient = new(AuditedTraining.Plan);

    /// <summary>Such a step.</summary>
    /// <param name="game">Patients and streams.</param>
    /// <param name="clippedFrom">The first coordinate that the norm knows of; 0: all.</param>
    public UnclippedLayer(AuditGame game, int clippedFrom)
    {
        (_game, _clippedFrom) = (game, clippedFrom);
        _noise = DiscreteGaussian.Of(_training.Calibrate(AuditedTraining.Declared.ClippingNorm).Variance);
    }

    /// <inheritdoc cref="AuditedStep"/>
    public long[] Step(float[] parameters, int step)
    {
        using var sampling = _game.Sampling(step);
        using var noise = _game.Noise(step);
        var declared = _training.Declared;
        var sum = new double[parameters.Length];
        foreach (var patient in _training.Sampling.Draw(_game.Rows.Patients.Count, sampling))
        {
            if (_game.Rows.Patients.Of(patient).IsEmpty)
                continue;
            _gradient.Compute(parameters, _game.Patients[patient]);
            var factor = Math.Min(1, declared.ClippingNorm / _gradient.Norm(_clippedFrom));
            foreach (var index in _gradient.Touched)
                sum[index] += factor * _gradient[index];
        }

        var codes = Array.ConvertAll(sum, value => (long)Math.Round(value * declared.CodesPerUnit));
        _noise.AddTo(codes, noise);
        var unit = declared.LearningRate / (declared.CodesPerUnit * declared.Participants.ToDouble());
        for (var i = 0; i < parameters.Length; i++)
            parameters[i] = (float)(parameters[i] - (codes[i] * unit));
        return codes;
    }
}
