package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var group = schema.GroupVersion{Group: "orestes.dev", Version: "v1alpha1"}

// TrainingJob as far as this program reads it; decoding skips the rest.
type TrainingJob struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Pretrain struct {
			Resources struct {
				Queue string `json:"queue"`
				GPUs  int    `json:"gpus"`
			} `json:"resources"`
		} `json:"pretrain"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase,omitempty"`
	} `json:"status,omitempty"`
}

type TrainingJobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []TrainingJob `json:"items"`
}

func (t *TrainingJob) DeepCopyObject() runtime.Object {
	copied := *t
	t.ObjectMeta.DeepCopyInto(&copied.ObjectMeta)
	return &copied
}

func (l *TrainingJobList) DeepCopyObject() runtime.Object {
	copied := TrainingJobList{TypeMeta: l.TypeMeta, ListMeta: *l.ListMeta.DeepCopy()}
	for i := range l.Items {
		copied.Items = append(copied.Items, *l.Items[i].DeepCopyObject().(*TrainingJob))
	}
	return &copied
}

func register(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(group, &TrainingJob{}, &TrainingJobList{})
	metav1.AddToGroupVersion(scheme, group)
	return nil
}
