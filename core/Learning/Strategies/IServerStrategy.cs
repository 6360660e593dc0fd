using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// How the mean of the sites' updates becomes new parameters. Called block by block, so that no more than a block of doubles is ever held;
/// every coordinate is computed from that coordinate alone.
/// </summary>
/// <remarks>
/// A strategy that carries state from round to round (the moments of FedAdam, the control variate of Scaffold) says how many vectors of the
/// model's dimension it needs; the caller keeps them beside the parameters, as durable as these, and hands in the same block of each.
/// </remarks>
public interface IServerStrategy
{
    /// <summary>Name as in a study protocol.</summary>
    string Name { get; }

    /// <summary>How many vectors of state are carried from round to round; they start as zeros.</summary>
    int StateVectors { get; }

    /// <summary>Computes a block of the new parameters.</summary>
    /// <param name="parameters">The block of the parameters from which the sites started.</param>
    /// <param name="meanUpdate">The block of the exact weighted mean of the updates (site's parameters - start).</param>
    /// <param name="state">The block of each state vector, one after the other; written in place.</param>
    /// <param name="updated">Receives the block of the new parameters; may be <paramref name="parameters"/> itself.</param>
    /// <exception cref="InvalidDataException">A new parameter is not finite.</exception>
    void Apply(ReadOnlySpan<float> parameters, ReadOnlySpan<double> meanUpdate, Span<double> state, Span<float> updated);
}

/// <summary>The strategies that a study may name.</summary>
public static class ServerStrategies
{
    /// <summary>The strategy of <paramref name="study"/>. Protocol version 1 has federated averaging only.</summary>
    public static IServerStrategy For(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return new FedAvg();
    }
}
