using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What sites are to serve, signed: one order for each line that there ever was anything to serve of. An order says what the line's entries add up to, so that it is the same after every restart, but for its signature.</summary>
public sealed class ServingOrders
{
    private readonly ModelLines _lines;
    private readonly DataFolder _folder;
    private readonly Lock _turn = new(); // guards what was signed
    private readonly Dictionary<string, (long Sequence, byte[] Signed)> _signed = [];

    /// <summary>Orders for the lines of a coordinator.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="folder">Whose key signs, and whose id they name.</param>
    public ServingOrders(ModelLines lines, DataFolder folder)
    {
        ArgumentNullException.ThrowIfNull(lines);
        (_lines, _folder) = (lines, folder);
        lines.OrderChanged += line => Ordered?.Invoke(Sign(line));
    }

    /// <summary>Raised with a new signed order; handlers must not wait.</summary>
    public event Action<byte[]>? Ordered;

    /// <summary>Every signed order.</summary>
    public IReadOnlyList<byte[]> All => [.. _lines.All.Where(line => line.Ordered.Sequence > 0).Select(Sign)];

    /// <summary>Whether a present order names a model: then sites may fetch it.</summary>
    public bool Names(Sha256Digest model) => _lines.All.Any(line => line.Serves.Models.Contains(model));

    private byte[] Sign(ModelLine line)
    {
        lock (_turn)
        {
            if (!_signed.TryGetValue(line.Name, out var known) || known.Sequence != line.Ordered.Sequence)
                _signed[line.Name] = known = (line.Ordered.Sequence, new ServingOrder(_folder.Identity.Id, line.Name, line.Ordered.Sequence, line.Serves, line.Ordered.At).Sign(_folder.Key));
            return known.Signed;
        }
    }
}
