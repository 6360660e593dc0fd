using System.Collections.Immutable;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The worker's half of the folder <c>serving/</c>. A model's manifest is written last, so that a folder with a manifest is whole; the shelf is replaced by rename, and names only what is whole. Not for several threads
/// at once.
/// </summary>
/// <param name="disk">The folder.</param>
public sealed class ShelfStore(IDisk disk)
{
    private const int LongestFile = 512 << 20;

    private readonly Dictionary<Sha256Digest, (string Line, Sha256Digest Signer)> _here = [];
    private ImmutableHashSet<Sha256Digest> _named = []; // by the shelf before the present one: whoever reads that one may still be loading them

    /// <summary>The present shelf; null where there is none, or none that can be read.</summary>
    public Shelf? Shelf { get; private set; }

    /// <summary>Takes up what is there: models that are whole and are what they were, and the shelf.</summary>
    public void Open()
    {
        disk.CreateDirectory(ServingPaths.Models);
        Shelf = null;
        if (disk.Exists(ServingPaths.Shelf))
        {
            try
            {
                Shelf = Shelf.Read(DurableFile.Read(disk, ServingPaths.Shelf, Shelf.MaximumLength));
            }
            catch (FormatException)
            {
                // Of a version that knew another form, or damaged: it is written anew from the log.
            }
        }

        foreach (var name in disk.ListDirectories(ServingPaths.Models))
        {
            if (Sha256Digest.TryParse(name, out var model) && disk.Exists($"{ServingPaths.Model(model)}/{ModelFileNames.Manifest}"))
                Recognise(model);
        }
    }

    /// <summary>Whether a model is here, whole, as one of a line and signed by a key.</summary>
    public bool Has(Sha256Digest model, string line, Sha256Digest signer) => _here.TryGetValue(model, out var known) && known == (line, signer);

    /// <summary>Lays a model down, durably.</summary>
    /// <param name="model">The model, held against its digests and its signature.</param>
    /// <param name="read">Its files, once more.</param>
    /// <exception cref="IOException">The disk refused; the model is not here.</exception>
    public void Put(ServedModel model, Func<string, byte[]> read)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(read);
        var folder = ServingPaths.Model(model.Entry.Digest);
        disk.CreateDirectory(folder);
        foreach (var name in model.Entry.Served.Where(name => name != ModelFileNames.Manifest))
            DurableFile.Write(disk, $"{folder}/{name}", read(name));
        DurableFile.Write(disk, $"{folder}/{ModelFileNames.Manifest}", read(ModelFileNames.Manifest));
        _here[model.Entry.Digest] = (model.Entry.Name, model.Manifest.Key.Fingerprint);
    }

    /// <summary>Replaces the shelf, durably, and then removes models that neither it, nor the one before, nor an order names.</summary>
    /// <param name="shelf">Names models that are here.</param>
    /// <param name="wanted">Models that orders name.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Write(Shelf shelf, IReadOnlySet<Sha256Digest> wanted)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        ArgumentNullException.ThrowIfNull(wanted);
        if (Shelf is not { } before || before.Site != shelf.Site || !before.Lines.SequenceEqual(shelf.Lines))
        {
            DurableFile.Write(disk, ServingPaths.Shelf, shelf.Write());
            (_named, Shelf) = (Shelf?.Models ?? [], shelf);
        }

        foreach (var name in disk.ListDirectories(ServingPaths.Models))
        {
            if (!Sha256Digest.TryParse(name, out var model) || (!wanted.Contains(model) && !_named.Contains(model) && !Shelf!.Models.Contains(model)))
                Remove($"{ServingPaths.Models}/{name}", model);
        }
    }

    /// <summary>What the site's scoring has withdrawn, as far as it can be read.</summary>
    /// <param name="unreadable">How many files are no withdrawals. Nothing of them is told: another account has written them, and chosen their names.</param>
    public IReadOnlyList<Withdrawal> Withdrawals(out int unreadable)
    {
        var withdrawals = new List<Withdrawal>();
        unreadable = 0;
        foreach (var name in disk.List(ServingPaths.Withdrawn).Where(name => name.EndsWith(".json", StringComparison.Ordinal)))
        {
            if (TryRead(name) is { } withdrawal && ServingPaths.Withdrawal(withdrawal.Model) == $"{ServingPaths.Withdrawn}/{name}")
                withdrawals.Add(withdrawal);
            else
                unreadable++;
        }

        return withdrawals;
    }

    private Withdrawal? TryRead(string name)
    {
        try
        {
            return Withdrawal.Read(DurableFile.Read(disk, $"{ServingPaths.Withdrawn}/{name}", Withdrawal.MaximumLength));
        }
        catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // What does not read as what was laid down is not here: it is taken in anew.
    private void Recognise(Sha256Digest model)
    {
        try
        {
            var read = ServedModel.Read(model, null, name => DurableFile.Read(disk, $"{ServingPaths.Model(model)}/{name}", LongestFile));
            _here[model] = (read.Entry.Name, read.Manifest.Key.Fingerprint);
        }
        catch (Exception fault) when (fault is FormatException or IOException)
        {
            _here.Remove(model);
        }
    }

    // The manifest first: a folder without one is nothing.
    private void Remove(string folder, Sha256Digest model)
    {
        _here.Remove(model);
        disk.Delete($"{folder}/{ModelFileNames.Manifest}");
        disk.SyncDirectory(folder);
        foreach (var name in disk.List(folder))
            disk.Delete($"{folder}/{name}");
        disk.DeleteDirectory(folder);
    }
}
