using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Microsoft.Data.Sqlite;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>A submitted study as it is kept.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Signed">As it was submitted.</param>
/// <param name="Submitter">Who submitted it.</param>
public sealed record StoredStudy(StudyDigest Digest, SignedStudy Signed, string Submitter);

/// <summary>What a site says of a study, signed by its worker.</summary>
public sealed record StoredVerdict(StudyDigest Study, SiteId Site, StudyVerdict.Types.State State, SiteReason Reason, ReadOnlyMemory<byte> Signature);

/// <summary>Submitted studies and the sites' verdicts on them. Every method is one transaction, durable when it returns.</summary>
public sealed class StudyStore
{
    private readonly CoordinatorDatabase _database;

    /// <summary>The studies in <paramref name="database"/>, whose tables are made or brought up to date.</summary>
    public StudyStore(CoordinatorDatabase database)
    {
        ArgumentNullException.ThrowIfNull(database);
        _database = database;
        database.Migrate("studies", """
            CREATE TABLE studies (
                number INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, canonical BLOB NOT NULL, signature BLOB NOT NULL, certificate BLOB NOT NULL,
                yaml TEXT NOT NULL, submitter TEXT NOT NULL
            ) STRICT;
            CREATE TABLE verdicts (
                study TEXT NOT NULL REFERENCES studies (digest), site TEXT NOT NULL, state INTEGER NOT NULL, reason INTEGER NOT NULL,
                signature BLOB NOT NULL, PRIMARY KEY (study, site)
            ) STRICT, WITHOUT ROWID;
            """);
    }

    /// <summary>Keeps a study; false where it is kept already.</summary>
    public bool Add(StoredStudy study) => _database.Write((connection, _) => connection.Run(
        "INSERT INTO studies (digest, canonical, signature, certificate, yaml, submitter) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        study.Digest.ToString(), study.Signed.Canonical.ToByteArray(), study.Signed.Signature.ToByteArray(), study.Signed.Certificate.ToByteArray(),
        study.Signed.Yaml, study.Submitter)) == 1;

    /// <summary>All studies, in the order of their submission.</summary>
    public IReadOnlyList<StoredStudy> All() => _database.Read(connection => connection.Query(
        "SELECT digest, canonical, signature, certificate, yaml, submitter FROM studies ORDER BY number",
        row => new StoredStudy(
            new StudyDigest(Sha256Digest.Parse(row.GetString(0))),
            new SignedStudy { Canonical = Bytes(row, 1), Signature = Bytes(row, 2), Certificate = Bytes(row, 3), Yaml = row.GetString(4) },
            row.GetString(5))));

    /// <summary>Keeps a site's newest verdict on a study.</summary>
    public void Set(StoredVerdict verdict) => _database.Write((connection, _) => connection.Run(
        """
        INSERT INTO verdicts (study, site, state, reason, signature) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (study, site) DO UPDATE SET state = $3, reason = $4, signature = $5
        """,
        verdict.Study.ToString(), verdict.Site.Value, (long)verdict.State, (long)verdict.Reason, verdict.Signature.ToArray()));

    /// <summary>All verdicts, by study and site.</summary>
    public IReadOnlyList<StoredVerdict> Verdicts() => _database.Read(connection => connection.Query(
        "SELECT study, site, state, reason, signature FROM verdicts ORDER BY study, site",
        row => new StoredVerdict(
            new StudyDigest(Sha256Digest.Parse(row.GetString(0))),
            SiteId.Parse(row.GetString(1)),
            (StudyVerdict.Types.State)row.GetInt32(2),
            (SiteReason)row.GetInt32(3),
            row.GetFieldValue<byte[]>(4))));

    private static ByteString Bytes(SqliteDataReader row, int column) => UnsafeByteOperations.UnsafeWrap(row.GetFieldValue<byte[]>(column));
}
