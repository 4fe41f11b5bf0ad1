import { expect } from "chai";
import { forbiddenText } from "../../src/kube/forbidden.ts";

const SPEAKER = 'User "system:serviceaccount:metallb-system:speaker"';
const refusal = (rest: string) => `x is forbidden: ${SPEAKER} cannot ${rest}`;

describe("what a refusal by RBAC means", () => {
  const cases: [said: string, then: string | null][] = [
    [
      refusal('list resource "services" in API group "" at the cluster scope'),
      'the right to list services in the whole cluster is missing for system:serviceaccount:metallb-system:speaker: the shipped ClusterRole "metallb-system:speaker" grants it, so apply the manifests or the chart again',
    ],
    [
      refusal(
        'watch resource "bgppeers" in API group "metallb.io" in the namespace "metallb-system"',
      ),
      'the right to watch bgppeers.metallb.io in namespace "metallb-system" is missing for system:serviceaccount:metallb-system:speaker: the shipped Role "speaker" in "metallb-system" grants it, so apply the manifests or the chart again',
    ],
    [
      refusal('create resource "events" in API group "" in the namespace "metallb-system"'),
      'the right to create events in namespace "metallb-system" is missing for system:serviceaccount:metallb-system:speaker: the shipped ClusterRole "metallb-system:speaker" grants it, so apply the manifests or the chart again',
    ],
    [
      'forbidden: User "kim" cannot get path "/metrics"',
      "the right to get /metrics in the whole cluster is missing for kim",
    ],
    ["quota exceeded", null],
  ];
  for (const [said, then] of cases) it(said, () => expect(forbiddenText(said)).to.equal(then));
});
