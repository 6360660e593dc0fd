using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// What an entry says of itself, held against itself: the manifest against its digest and signature, every file against the manifest, the study
/// against its digest, each round record against its signature, and the chain from the records to parameters and ONNX file. Whoever has the
/// folder can do it: in the registry, from an export, or fetched over the API.
/// </summary>
/// <param name="Model">SHA-256 of the canonical manifest: the model's version; null where the manifest cannot be read.</param>
/// <param name="Entry">The manifest; null where it cannot be read.</param>
/// <param name="Key">The key that the entry says it is signed with.</param>
/// <param name="Study">The study; null where it cannot be read.</param>
/// <param name="Rounds">The round records that can be read, in order.</param>
/// <param name="Differences">Everything that does not hold, each a sentence that names the file or the record; empty: the entry is what it was.</param>
public sealed record ModelCheck(
    Sha256Digest? Model, ModelEntry? Entry, VerifyingKey? Key, Study? Study, ImmutableArray<RecordedRound> Rounds, IReadOnlyList<string> Differences)
{
    /// <summary>Checks an entry.</summary>
    /// <param name="disk">Where it is.</param>
    /// <param name="folder">Its folder on the disk; empty: the disk's root.</param>
    /// <param name="coordinator">The key that must have signed it; null: the one that it names, which shows changes by whoever lacks that key.</param>
    public static ModelCheck Of(IDisk disk, string folder, VerifyingKey? coordinator)
    {
        ArgumentNullException.ThrowIfNull(disk);
        var check = new Checker(disk, folder.Length == 0 ? "" : folder + "/");
        return check.Run(coordinator);
    }

    private sealed class Checker(IDisk disk, string folder)
    {
        private const int Longest = int.MaxValue;

        private readonly List<string> _differences = [];
        private readonly HashSet<string> _changed = []; // files that are not what the manifest says

        public ModelCheck Run(VerifyingKey? coordinator)
        {
            if (!disk.Exists(folder + ModelFileNames.Manifest))
                return new ModelCheck(null, null, null, null, [], [$"{ModelFileNames.Manifest} is missing: without it nothing here can be checked."]);
            ModelManifest manifest;
            ModelEntry entry;
            try
            {
                manifest = ModelManifest.Read(DurableFile.Read(disk, folder + ModelFileNames.Manifest, ModelManifest.MaximumLength));
                entry = manifest.Entry;
            }
            catch (FormatException fault)
            {
                return new ModelCheck(null, null, null, null, [], [$"{ModelFileNames.Manifest} cannot be read: {fault.Message}"]);
            }

            if (coordinator is not null && !coordinator.Equals(manifest.Key))
                Differs($"{ModelFileNames.Manifest} names the key {manifest.Key.Fingerprint}; the coordinator's is {coordinator.Fingerprint}.");
            var key = coordinator ?? manifest.Key;
            if (!manifest.IsBy(key))
                Differs($"{ModelFileNames.Manifest} is not signed by the key {key.Fingerprint}: the manifest or its signature was changed.");
            foreach (var file in entry.Files)
                CheckFile(file);
            var study = ReadStudy(entry);
            foreach (var missing in ModelRegistry.FilesOf(study).Where(name => entry.Files.All(file => file.Name != name)))
                Differs($"{ModelFileNames.Manifest} names no {missing}.");
            var rounds = ReadRounds(entry, key);
            if (study is not null)
            {
                CheckChain(entry, study, rounds);
                CheckResults(study, rounds);
            }

            return new ModelCheck(manifest.Model, entry, manifest.Key, study, rounds, _differences);
        }

        private void CheckFile(ModelFile file)
        {
            var before = _differences.Count;
            if (!disk.Exists(folder + file.Name))
            {
                Differs($"{file.Name} is missing.");
            }
            else
            {
                using var open = disk.Open(folder + file.Name, DiskMode.Read);
                if (open.Length != file.Length)
                    Differs($"{file.Name} has {open.Length} bytes; the manifest says {file.Length}.");
                else if (ResultStore.DigestOf(open) is var digest && digest != file.Digest)
                    Differs($"{file.Name} has the digest {digest}; the manifest says {file.Digest}.");
            }

            if (_differences.Count > before)
                _changed.Add(file.Name);
        }

        private Study? ReadStudy(ModelEntry entry)
        {
            if (!Has(ModelFileNames.Study))
                return null;
            var canonical = DurableFile.Read(disk, folder + ModelFileNames.Study);
            if (Sha256Digest.Of(canonical) is var digest && digest != entry.Study.Value)
                Differs($"{ModelFileNames.Study} is not the study that the manifest names: its digest is {digest}, that of the study {entry.Study}.");
            if (_changed.Contains(ModelFileNames.Study))
                return null;
            var check = StudyChecker.CheckCanonical(canonical);
            if (check.Study is null)
                Differs($"{ModelFileNames.Study} cannot be read: {check.Faults[0]}");
            return check.Study;
        }

        // Read even where the file was changed: then the signatures say which record.
        private ImmutableArray<RecordedRound> ReadRounds(ModelEntry entry, VerifyingKey key)
        {
            if (!Has(ModelFileNames.Rounds))
                return [];
            var rounds = ImmutableArray.CreateBuilder<RecordedRound>();
            try
            {
                if (CanonicalJson.Read(DurableFile.Read(disk, folder + ModelFileNames.Rounds, Longest)) is not JsonArray records)
                    throw new FormatException("it is no list.");
                foreach (var (index, node) in records.Index())
                {
                    if (ReadRound(node, index, entry, key) is { } round)
                        rounds.Add(round);
                }
            }
            catch (FormatException fault)
            {
                Differs($"{ModelFileNames.Rounds} cannot be read: {fault.Message}");
            }

            return rounds.ToImmutable();
        }

        private RecordedRound? ReadRound(JsonNode? node, int index, ModelEntry entry, VerifyingKey key)
        {
            var name = $"{ModelFileNames.Rounds}, record {index + 1}";
            try
            {
                var fields = new JsonFields(node, ModelFileNames.Rounds);
                var canonical = CanonicalJson.Write(fields.Node("record"));
                var signature = ModelManifest.Signed(fields);
                fields.End();
                var round = RecordedRound.Read(canonical);
                name += $" (round {round.Round})";
                if (!key.Verify(SignatureContext.RoundRecord, canonical, signature))
                    Differs($"{name} is not signed by the key {key.Fingerprint}: the record or its signature was changed.");
                if (round.Run != entry.Run || round.Study != entry.Study)
                    Differs($"{name} is of run {round.Run} and study {round.Study}; the manifest is of run {entry.Run} and study {entry.Study}.");
                foreach (var step in round.Committed.Where(step => step.Id.Kind is not (StepKind.Agreement or StepKind.Unmasking)).Where(step => step.Participants.Length < round.Quorum || round.Required.Except(step.Participants.Select(part => part.Site)).Any()))
                    Differs($"{name}: {step.Id} was committed without its quorum or a required site.");
                return round;
            }
            catch (FormatException fault)
            {
                Differs($"{name} cannot be read: {fault.Message}");
                return null;
            }
        }

        // From the records to what the entry holds: constants of the preparation, parameters and metrics of the last round, the sites' own metrics, the
        // ONNX file made of constants and parameters.
        private void CheckChain(ModelEntry entry, Study study, ImmutableArray<RecordedRound> rounds)
        {
            var steps = rounds.SelectMany(round => round.Committed).ToList();
            var trained = steps.Where(step => step.Id.Kind == study.ParametersFrom).ToList();
            if (!trained.Select(step => step.Id.Round.Value).SequenceEqual(Enumerable.Range(1, study.Federation.Rounds)))
                Differs($"{ModelFileNames.Rounds} does not hold each of the study's {study.Federation.Rounds} rounds once, in order.");
            var kept = Kept(entry, rounds, study);
            Follows(ModelFileNames.Parameters, trained.LastOrDefault(step => kept is null || step.Id.Round.Value <= kept));
            if (PreprocessingConstants.NeedPreparation(study))
                Follows(ModelFileNames.Constants, steps.FirstOrDefault(step => step.Id.Kind == StepKind.Preparation));
            Follows(ModelFileNames.SiteMetrics, steps.FirstOrDefault(step => step.Id.Kind == StepKind.SiteMetrics));
            if (Has(ModelFileNames.Metrics) && !_changed.Contains(ModelFileNames.Metrics))
                CheckMetrics(steps.LastOrDefault(step => step.Id.Kind == StepKind.Evaluation && (kept is null || step.Id.Round.Value <= kept)));
            if (entry.Files.Any(file => file.Name == ModelFileNames.Onnx) && _changed.Count == 0 && entry.Software == ModelRegistry.OurSoftware)
                CheckOnnx(entry, study);

            void Follows(string file, RecordedStep? step)
            {
                var held = entry.Files.FirstOrDefault(known => known.Name == file);
                if (held is not null && step?.Result != held.Digest)
                    Differs($"{file} is not what the round records came to: it has the digest {held.Digest}, {step?.Id.ToString() ?? "the missing step"} the result {step?.Result?.ToString() ?? "none"}.");
            }
        }

        // The round whose parameters the run ended with, where it held any back: each record that says so must go back to the last one that does not.
        private int? Kept(ModelEntry entry, ImmutableArray<RecordedRound> rounds, Study study)
        {
            var (kept, held) = (default(RecordedRound), false);
            foreach (var round in rounds.Where(round => round.Committed.Any(step => step.Id.Kind == StepKind.Evaluation)))
            {
                held = round.HeldBack is not null;
                if (!held)
                    kept = round;
                else if (round.HeldBack!.Kept.Value != (kept?.Round.Value ?? 0) || round.HeldBack.Parameters != (kept is null ? entry.Initial : ResultOf(study.ParametersFrom)) || (kept is not null && round.HeldBack.Metrics != ResultOf(StepKind.Evaluation)))
                    Differs($"{ModelFileNames.Rounds}: round {round.Round} was held back for something else than what round {kept?.Round.ToString() ?? "0"} came to.");
            }

            return held ? kept?.Round.Value ?? 0 : null;

            Sha256Digest? ResultOf(StepKind kind) => kept!.Committed.LastOrDefault(step => step.Id.Kind == kind)?.Result;
        }

        // Sums and parameters of rounds that were exported besides: those that are there.
        private void CheckResults(Study study, ImmutableArray<RecordedRound> rounds)
        {
            var named = RoundResults.Of(study, rounds).ToHashSet();
            foreach (var name in disk.List(folder + RoundResults.Folder))
            {
                var file = $"{RoundResults.Folder}/{name}";
                if (!RoundResults.TryRead(file, out var result) || !named.Contains(result))
                {
                    Differs($"{file} is named by no round record.");
                    continue;
                }

                using var open = disk.Open(folder + file, DiskMode.Read);
                if (ResultStore.DigestOf(open) is var digest && digest != result)
                    Differs($"{file} has the digest {digest}: it is not what its name says.");
            }
        }

        // The evaluation's result holds the histogram, or of a number the errors, alone; metrics are made of it.
        private void CheckMetrics(RecordedStep? evaluation)
        {
            try
            {
                var metrics = DurableFile.Read(disk, folder + ModelFileNames.Metrics);
                var report = ModelRegistry.ReadMetrics(metrics);
                var counted = report.Number is null ? "histogram" : "errors";
                if (evaluation?.Result is not { } result || Sha256Digest.Of(report.Write()) != result)
                    Differs($"{ModelFileNames.Metrics} does not hold the {counted} that the last evaluation came to.");
                else if (!ModelRegistry.WriteMetrics(report).AsSpan().SequenceEqual(metrics))
                    Differs($"{ModelFileNames.Metrics} does not hold the metrics of its {counted}.");
            }
            catch (FormatException fault)
            {
                Differs($"{ModelFileNames.Metrics} cannot be read: {fault.Message}");
            }
        }

        // The same version writes the same bytes; another one may not, and the file's digest was held against the manifest already.
        private void CheckOnnx(ModelEntry entry, Study study)
        {
            try
            {
                var constants = PreprocessingConstants.Read(study, DurableFile.Read(disk, folder + ModelFileNames.Constants));
                var parameters = DurableFile.Read(disk, folder + ModelFileNames.Parameters, Longest);
                var made = Sha256Digest.Of(OnnxWriter.Write(study, constants, MemoryMarshal.Cast<byte, float>(parameters), entry.Software));
                var held = entry.Files.Single(file => file.Name == ModelFileNames.Onnx).Digest;
                if (made != held)
                    Differs($"{ModelFileNames.Onnx} is not the graph of these parameters and constants: that has the digest {made}, the file {held}.");
            }
            catch (Exception fault) when (fault is FormatException or ArgumentException)
            {
                Differs($"{ModelFileNames.Onnx} cannot be made again: {fault.Message}");
            }
        }

        private bool Has(string file) => disk.Exists(folder + file);

        private void Differs(string sentence) => _differences.Add(sentence);
    }
}
