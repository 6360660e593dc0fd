using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The page of each study as it is now.</summary>
/// <param name="core">For studies, policy and state.</param>
/// <param name="members">For the members' keys.</param>
/// <param name="site">This site.</param>
/// <param name="datasets">The site's map of data sets, read anew each time.</param>
public sealed class PageDesk(WorkerCore core, MemberDesk members, SiteId site, Func<DatasetMap> datasets)
{
    /// <summary>The page.</summary>
    /// <param name="record">The study as the site knows it.</param>
    /// <param name="study">The study.</param>
    public StewardPage Of(StudyRecord record, Study study)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(study);
        var state = core.State;
        var population = datasets().PopulationOf(study.Data.Dataset) is { } named ? state.Ledger.Canonical(named) : null;
        return StewardPage.Of(new PageFacts(
            site, study, record, core.Policy(), core.Check(study), members.StatesOf(study, state), state, population, DateOnly.FromDateTime(core.Journal.Now.UtcDateTime)));
    }

    /// <summary>The page on the steward's wire.</summary>
    public static StudyPage Write(StewardPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var reply = new StudyPage { Title = page.Title, Digest = page.Digest.ToString() };
        foreach (var section in page.Sections)
        {
            var part = new StudyPage.Types.Section { Heading = section.Heading };
            part.Items.AddRange(section.Items.Select(item => new StudyPage.Types.Item { Lead = item.Lead, Text = item.Text, Attention = item.Attention }));
            reply.Sections.Add(part);
        }

        return reply;
    }

    /// <summary>The page as it came over the steward's wire.</summary>
    public static StewardPage Read(StudyPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        return new StewardPage(page.Title, [.. page.Sections.Select(section => new PageSection(section.Heading, [.. section.Items.Select(item => new PageItem(item.Lead, item.Text, item.Attention))]))]);
    }
}
